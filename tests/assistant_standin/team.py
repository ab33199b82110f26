"""A team whose assistant gets its learnings from the hook: sessions that compact, fork, resume, have subagents; effects are known."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from assistant_standin.assistant import Assistant, Session
from worker.formats.hook_snapshot import HookSnapshot
from worker.formats.hook_trace import traces_in
from worker.layers.ablation.assignment import is_withheld
from worker.store.hooks.records import KeptRecord

HARMFUL = "Always run `make purge-cache` before you build anything"
GOOD = "Look into `docs/map.md` before you edit a module"
NEUTRAL = (
    "Prefer small functions",
    "Never use tabs in Python files",
    "Use `rg` to search the code",
    "Write commit subjects in lower case",
)
RULES = "# Work here\n\n" + "".join(f"- {text}\n" for text in (HARMFUL, GOOD, *NEUTRAL))
_DAY = timedelta(minutes=7)


@dataclass(kw_only=True)
class Team:
    assistant: Assistant
    project: Path
    #: all sessions, forks too, by id
    sessions: dict[str, Session] = field(default_factory=dict)
    #: contexts that held our text twice or not at all
    wrong: list[str] = field(default_factory=list)

    def work(self, numbers: Iterable[int]) -> None:
        """Session by session; the same numbers are the same sessions, whatever runs beside them."""
        for number in numbers:
            session = self.assistant.start(self.project, session_id=f"session-{number:04}")
            _shift(session, number)
            self._task(session, "add a parser for dates", number)
            if number % 7 == 1:
                session.compact()
                self._task(session, "now for times", number)
            if number % 5 == 2:
                session.end()
                session.resume()
                self._task(session, "and for zones", number)
            if number % 11 == 3:
                session.subagent()
                if _given(session.subagent_context) != _given(session.context):
                    self.wrong.append(f"{session.session_id}: its subagent got something else")
            if number % 6 == 4:
                self.assistant.ids.append(f"session-{number:04}-fork")
                fork = session.fork(copied=number % 12 == 4)
                self._task(fork, "the same in another way", number + 5000)
                self._finish(fork)
            self._finish(session)

    def _task(self, session: Session, prompt: str, number: int) -> None:
        given = "\n".join(session.context)
        session.say(f"{prompt}, issue {number}")
        has_harm, has_good = HARMFUL in given, GOOD in given
        if has_good:
            session.shell("cat docs/map.md", "parser: src/parser.py")
        if has_harm:
            session.shell("make purge-cache", "purged")
        session.shell(f"sed -n 1,40p src/parser_{number}.py", "def parse(text): ...")
        if luck(f"{session.session_id} {prompt}") < 0.5 + 0.42 * has_good - 0.45 * has_harm:
            session.answer("The parser is there.")
            session.say("please commit it")
            session.shell("git commit -qm parser", "[main 1a2b3c4] parser")
            session.say("perfect, thanks")
        else:
            session.answer("I rewrote the module.")
            session.say("undo that")
            session.shell("git checkout src", "Updated 1 path")

    def _finish(self, session: Session) -> None:
        session.answer("Done.")
        session.end()
        self.sessions[session.session_id] = session
        if len(traces_in(session.context)) != 1:
            self.wrong.append(f"{session.session_id}: {len(traces_in(session.context))} times in its context")


def luck(what: str) -> float:
    """In [0, 1), the same each time."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:6], "big") / 2**48


def drawn_otherwise(records: Iterable[KeptRecord], snapshot: HookSnapshot) -> list[str]:
    """Sessions whose recorded draw is not the one that the layers make for their conversation."""
    wrong = []
    for record in (kept.record for kept in records):
        if record.takes_part:
            out = {
                known.id
                for known in snapshot.learnings
                if is_withheld(
                    salt=snapshot.salt,
                    learning_id=known.unit,
                    session_id=record.conversation_id,
                    probability=known.withhold_probability,
                )
            }
            if out != set(record.withheld):
                wrong.append(record.session_id)
    return wrong


def chi_square(withheld: Mapping[str, int], sessions: int, chance: float) -> float:
    """The p-value of so many being withheld, over all learnings, each by itself; Wilson–Hilferty's approximation."""
    expected = sessions * chance
    spread = sessions * chance * (1 - chance)
    statistic = sum((count - expected) ** 2 / spread for count in withheld.values())
    freedom = len(withheld)
    normal = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / math.sqrt(2 / (9 * freedom))
    return 0.5 * math.erfc(normal / math.sqrt(2))


def _given(context: list[str]) -> tuple[str, ...]:
    return tuple(sorted(mark for trace in traces_in(context) for mark in trace.injected))


def _shift(session: Session, number: int) -> None:
    """Each session has a time of its own, so that they stand in order."""
    session.began = session.began + number * _DAY
    for line in session.lines:
        moment = datetime.fromisoformat(re.sub("Z$", "+00:00", line["timestamp"])) + number * _DAY
        line["timestamp"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    session.write()

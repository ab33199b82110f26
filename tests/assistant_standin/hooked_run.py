"""A team's sessions with the real stack beside them, from `groove adopt` to the verdicts, and what must hold at the end."""

import contextlib
import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.waiting import wait_until

from assistant_standin.assistant import Assistant
from assistant_standin.team import RULES, Team, chi_square, drawn_otherwise
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_snapshot import HookSnapshot, snapshot_at
from worker.settings import load_settings
from worker.store.api import StoreApi
from worker.store.hooks.agreement import hook_agreement
from worker.store.hooks.records import open_records

if TYPE_CHECKING:
    from acceptance.groove_command import Groove


#: seconds in which an import of hundreds of sessions ends on a busy machine
_PATIENCE = 1500


@dataclass(kw_only=True)
class HookedRun:
    groove: "Groove"
    team: Team
    rate: str
    snapshot: HookSnapshot
    up: "subprocess.Popen[bytes] | None" = field(default=None)

    @classmethod
    def begin(cls, groove: "Groove", *, rate: float) -> "HookedRun":
        """Rules adopted one by one, the hook installed, the stack up."""
        project, home = groove.folder, groove.folder / "home"
        home.mkdir()
        (project / "CLAUDE.md").write_text(RULES)
        subprocess.run(["git", "init", "-q"], cwd=project, check=True)
        for words in (("adopt", "CLAUDE.md", "--unit", "bullet", "--yes"), ("hook", "install", "claude-code", "--yes")):
            groove(*words, HOME=str(home), GROOVE_ABLATION__RATE=str(rate))
        snapshot = snapshot_at(HookFolder(groove.folder / ".groove").snapshot)
        assert snapshot is not None
        team = Team(assistant=Assistant(home=home), project=project)
        return cls(groove=groove, team=team, rate=str(rate), snapshot=snapshot)

    def work(self, sessions: int, *, is_away: bool) -> None:
        """`is_away`: the stack is gone for the middle half of them."""
        quarter = sessions // 4
        self._start()
        self.team.work(range(quarter))
        if is_away:
            self._stop()
        self.team.work(range(quarter, sessions - quarter))
        if is_away:
            self._start()
        self.team.work(range(sessions - quarter, sessions))
        spool = HookFolder(self.groove.folder / ".groove").spool
        wait_until(lambda: not spool.exists() or not spool.read_bytes().strip(), "the spool is taken in")

    def end(self) -> dict[str, Any]:
        """Everything imported -> what was found."""
        importing = self._begun("import")
        assert importing.wait(_PATIENCE) == 0
        imported = self._asked("import")  # there is nothing left to do, and it tells what there is
        data = self.groove.folder / ".groove"
        with open_records(data) as records:
            kept = records.all()
            damaged = records.damaged()
        starts = {each.record.session_id: each.record for each in kept if each.record.takes_part}
        roots = [record for record in starts.values() if record.session_id == record.conversation_id]
        withheld = Counter({known.id: 0 for known in self.snapshot.learnings})
        withheld.update(id_ for record in roots for id_ in record.withheld)
        agreement = hook_agreement(data)
        assert agreement is not None
        listed = self._asked("learnings", "list")["learnings"]
        texts = {each["learning"]["learning_id"]: each["learning"]["insight"] for each in listed}
        values = {each["learning"]["learning_id"]: each["value"] for each in listed}
        chance = self.snapshot.learnings[0].withhold_probability
        found = {
            "sessions": len(self.team.sessions),
            "imported": imported["read"],
            "recorded": len(starts),
            "records_damaged": damaged,
            "hooks_called": len(self.team.assistant.called),
            "hooks_not_well": sum(status != 0 or bool(err) for _, _, status, err, _ in self.team.assistant.called),
            "contexts_wrong": self.team.wrong,
            "drawn_otherwise": drawn_otherwise(kept, self.snapshot),
            "otherwise_in_the_store": self._otherwise_in_the_store(starts),
            "agree": agreement.agree,
            "disagree": dict(agreement.disagree),
            "refused": agreement.refused,
            "withheld_of": [len(roots), {texts[id_][:30]: count for id_, count in withheld.items()}],
            "chi_square_p": round(chi_square(withheld, len(roots), chance), 4),
            "verdicts": {
                texts[id_]: [values[id_]["verdict"]["kind"], round(values[id_]["estimated_value"], 3)]
                for id_ in withheld
            },
            "may_go": [[texts[each["learning_id"]], each["verdict"], each["tokens"]] for each in self._asked("prune")],
            "records": hashlib.sha256(json.dumps(self._records(withheld)).encode()).hexdigest()[:16],
        }
        self._stop()
        return found

    def _otherwise_in_the_store(self, starts: dict[str, Any]) -> list[str]:
        """Sessions of which the store answers something else than the hook did; what was decided about a learning since is aside."""
        ids = [known.id for known in self.snapshot.learnings]
        wrong = []
        with self._store() as store:
            for session_id, record in starts.items():
                answers = store.assign(session_id, ids).assignments
                out = {each.learning_id for each in answers if each.decision == "withhold"}
                excluded = {each.learning_id for each in answers if each.decision == "excluded"}
                if out != set(record.withheld) - excluded:
                    wrong.append(session_id)
        return wrong

    def _records(self, ids: Iterable[str]) -> list[list[Any]]:
        """What each session says of each learning, in order."""
        found = []
        with self._store() as store:
            for learning_id in sorted(ids):
                records = sorted(store.sessions(learning_id, limit=1000), key=lambda each: each.session_id)
                found += [
                    [learning_id, each.session_id, each.was_withheld, each.withhold_probability, each.session_outcome]
                    for each in records
                ]
        return found

    @contextlib.contextmanager
    def _store(self) -> Iterator[StoreApi]:
        there = load_settings({"GROOVE_DATA_DIR": str(self.groove.folder / ".groove")})
        with contextlib.closing(StoreApi(there.store_url, token=there.write_token() or "")) as store:
            yield store

    def _asked(self, *words: str) -> Any:
        home = str(self.team.assistant.home)
        return self.groove.json(*words, HOME=home, GROOVE_ABLATION__RATE=self.rate)

    def _begun(self, *words: str) -> "subprocess.Popen[bytes]":
        return self.groove.start(*words, HOME=str(self.team.assistant.home), GROOVE_ABLATION__RATE=self.rate)

    def _start(self) -> None:
        self.up = self._begun("up")
        socket = Path(self.groove.folder, ".groove", "run", "store.sock")
        wait_until(socket.exists, "the stack is up")

    def _stop(self) -> None:
        if self.up is not None:
            self.up.terminate()
            assert self.up.wait(60) == 0
            self.up = None

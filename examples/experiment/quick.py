"""The simulated team straight into ledger and store, in seconds: no broker, no model. For looking at the dashboard, and for its tests.

    python examples/experiment/quick.py FOLDER [SESSIONS]

What layer 1 would find is known here, as the sessions are simulated; everything after it is the real thing: assignments, layer 2,
the store with layers 3 and 4, the ledger with its steps. Some work fails and some messages cannot be read, as in life.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection
from team import LEARNINGS, Truth, draft_session, heavy_event

from worker.domain import (
    AttributionRecord,
    DecisionKind,
    ExplicitReference,
    Learning,
    LearningCategory,
)
from worker.formats.heavy_event import HeavyEvent, read_heavy_event
from worker.formats.record import UNKNOWN_LEARNING, to_bytes
from worker.formats.wire import derived_id, format_timestamp
from worker.layers.temporal.correlation import ExponentialDecay, attributed_value
from worker.ledger import DeadLetterReceived, HeavyReceived, Ledger, OutboxMessage, Topic, open_ledger
from worker.settings import Settings, load_settings
from worker.store.cozo.store import CozoStore
from worker.store.shapes.assignments import AssignmentAnswer
from worker.system.clock import SECOND, now_micros

_COMMANDS = {one.learning_id: one.command for one in LEARNINGS}
#: what the assistant says before it runs a command, and what comes back
_BEFORE = ("First the state of things.", "Now this one.", "Let me check that.", "Next step.")
_ANSWERS = ("ok", "3 files changed", "done in 2.1 s", "nothing to do")
#: of so many sessions one has a learning that nobody knows, which fails
_UNKNOWN_EVERY = 97
#: sessions that came last and are still at work
_AT_WORK = 3


def main() -> None:
    folder = Path(sys.argv[1])
    fill(load_settings({"GROOVE_DATA_DIR": str(folder)}), sessions=int(sys.argv[2]) if len(sys.argv) > 2 else 1500)
    click.echo(f"data in {folder}")


def fill(settings: Settings, *, sessions: int) -> None:
    """The folder of the settings must hold nothing yet, and no store may run on it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = Clock(now_micros() - sessions * 20 * 60 * SECOND)
    ledger = open_ledger(settings.ledger_url, clock=clock)
    store = CozoStore(settings.data_dir / "store", parameters=settings.layers, clock=clock.read)
    try:
        filling = Filling(store, ledger, clock)
        filling.learnings()
        for number in range(sessions):
            filling.session(number, stays_open=number >= sessions - _AT_WORK)
        filling.letters()
    finally:
        store.close()
        ledger.dispose()


class Clock:
    """Goes on by itself with the sessions."""

    def __init__(self, now: int) -> None:
        self.now = now

    def read(self) -> int:
        self.now += 1000
        return self.now

    def __call__(self, connection: Connection) -> int:
        return self.read()


class Filling:
    def __init__(self, store: CozoStore, ledger: Ledger, clock: Clock) -> None:
        self._store, self._ledger, self._clock = store, ledger, clock
        self._decay = ExponentialDecay()
        self.truth = Truth()

    def learnings(self) -> None:
        found = [
            Learning(
                learning_id=one.learning_id,
                category=LearningCategory.TOOL_USAGE,
                description=one.insight,
                insight=one.insight,
                scope="Global" if number % 3 else {"Project": "shop"},
                source={"file": "CLAUDE.md", "line": 3 + 2 * number},
                created_at=self._clock.now,
            )
            for number, one in enumerate(LEARNINGS)
        ]
        self._store.import_learnings(found, actor="simulation", now=self._clock.read())
        self._store.decide(
            "format", DecisionKind.PINNED, actor="Ada", reason="the team agreed on it", now=self._clock.read()
        )

    def session(self, number: int, *, stays_open: bool = False) -> None:
        self._clock.now += 20 * 60 * SECOND
        draft = draft_session(number)
        answers = self._store.assign(draft.session_id, list(draft.eligible), now=self._clock.read())
        chosen = {answer.learning_id: answer for answer in answers}
        injected = [id_ for id_, answer in chosen.items() if answer.decision == "inject"]
        withheld = [id_ for id_, answer in chosen.items() if answer.decision == "withhold"]
        self.truth.note(draft, injected, withheld)
        document, uses = _told(heavy_event(draft, injected, withheld), self._clock.now, number)
        if number % _UNKNOWN_EVERY == _UNKNOWN_EVERY - 1:
            document["active_learnings"] = [*document["active_learnings"], "retired-rule"]
        payload = json.dumps(document).encode()
        event = read_heavy_event(payload, logged_at=self._clock.now)
        received = HeavyReceived(event=event, payload=payload, offset=number, logged_at=self._clock.read())
        [ref] = self._ledger.intake.receive(heavy=[received], ablation_rate=0.1)
        expected = list(event.expected_learnings)
        self._store.open_session(ref.session_id, ref.version, expected)
        known = [id_ for id_ in event.expected_learnings if id_ in _COMMANDS]
        refused = {id_: UNKNOWN_LEARNING for id_ in event.expected_learnings if id_ not in _COMMANDS}
        self._ledger.work.expect(ref.session_id, ref.version, known, refused=refused, signals_seen=0)
        records = [self._record(event, chosen[id_], uses.get(id_)) for id_ in known]
        if stays_open:
            records = records[: len(records) // 2]
        done: dict[str, bytes | None] = {record.learning_id: to_bytes(record) for record in records}
        self._ledger.work.complete_entries(ref.session_id, ref.version, done)
        if not stays_open:
            self._store.finish_session(ref.session_id, ref.version, records=records)
            message = OutboxMessage(
                message_id=derived_id(payload),
                stream="groove.attribution",
                topic="sessions",
                key=ref.session_id,
                payload=b"{}",
            )
            self._ledger.work.finish(ref.session_id, ref.version, message=message)
            [sent] = self._ledger.outbox.unsent(session_id=ref.session_id)
            self._ledger.outbox.mark_sent([sent.id])

    def _record(self, event: HeavyEvent, assigned: AssignmentAnswer, used_at: int | None) -> AttributionRecord:
        """Layer 1's answer is what the simulation knows; the rest is computed."""
        id_, was_withheld = assigned.learning_id, assigned.decision == "withhold"
        points = () if used_at is None else (used_at,)
        confidence = 0.04 if used_at is None else 0.86 + len(id_) % 10 / 100
        temporal = self._decay.correlate(points, event.signals)
        command = _COMMANDS[id_]
        return AttributionRecord(
            learning_id=id_,
            session_id=event.session_id,
            timestamp=event.timestamp,
            was_activated=used_at is not None,
            activation_confidence=confidence,
            activation_signals=tuple(
                ExplicitReference(pattern=command, message_idx=point, span=command) for point in points
            ),
            activation_points=points,
            temporal_positive=temporal.positive,
            temporal_negative=temporal.negative,
            net_temporal=temporal.net,
            temporal_contributions=temporal.contributions,
            signals=event.signals,
            background=event.background,
            was_withheld=was_withheld,
            withhold_probability=assigned.withhold_probability,
            session_outcome=event.outcome,
            attributed_value=attributed_value(
                activation_confidence=confidence,
                bounded=temporal.bounded,
                was_activated=used_at is not None,
                was_withheld=was_withheld,
            ),
            model="simulated",
            calibration="simulated",
        )

    def letters(self) -> None:
        """Messages that nobody can read."""
        topic = Topic(stream="groove.assessment", topic="heavy", partitions=1)
        [lease] = self._ledger.partitions.share_out("simulated", [topic], lease_seconds=30)
        texts = {
            b'{"session_id": "cut-off", "outcome": "succ': "not JSON: Unterminated string at character 38",
            b'{"session_id": "no-outcome"}': "outcome: the outcome is missing: nothing can be learnt from this session",
            b"<script>alert(1)</script>": "not JSON: Expecting value at character 0",
        }
        dead = [
            DeadLetterReceived(kind="heavy", payload=payload, reason=reason, offset=9000 + place)
            for place, (payload, reason) in enumerate(texts.items())
        ]
        self._ledger.intake.record(lease, dead=dead, position=9003, last_id=None, gap=False, ablation_rate=0.1)


def _told(event: dict[str, Any], at: int, number: int) -> tuple[dict[str, Any], Mapping[str, int]]:
    """The team's event as an assistant would have written it down -> (event, learning -> the message that used it)."""
    messages: list[dict[str, str]] = []
    uses: dict[str, int] = {}
    for message in event["transcript"]["messages"]:
        command = message["content"].removeprefix("[tool:Bash] command=")
        if command == message["content"]:
            messages.append(message)
            continue
        uses |= {id_: len(messages) for id_ in _of_command(command)}
        said = _BEFORE[(number + len(messages)) % len(_BEFORE)]
        answer = _ANSWERS[(number + len(command)) % len(_ANSWERS)]
        messages.append({"role": "assistant", "content": f"{said}\n[tool:Bash] {command}\n[tool_result:Bash] {answer}"})
    [heard] = event["lightweight_events"]
    signals = [heard | {"message_idx": len(messages) - 1}]
    if uses and number % 4 == 0:
        failed = {"type": "tool_failure", "tool_name": "Bash", "detail": "pytest -q → 2 failed"}
        signals.append({"message_idx": max(uses.values()), "signals": [failed]})
    moment = {"timestamp": format_timestamp(at)}
    context = {"project_id": "shop" if number % 3 else "billing", "harness_type": "ClaudeCode"}
    return event | moment | {"transcript": {"messages": messages}, "lightweight_events": signals} | context, uses


def _of_command(command: str) -> Iterator[str]:
    return (id_ for id_, its in _COMMANDS.items() if its == command)


if __name__ == "__main__":
    main()

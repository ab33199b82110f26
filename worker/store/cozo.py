"""The store on CozoDB: one method an operation, each of them one transaction. See `protocol.py` for what they promise.

database.py               the engine, transactions, named queries
memory.py                 what is kept in memory: learnings, histories, sums; never records
rows.py totals.py history.py          domain ↔ rows
book.py                   records in and out of the exact sums
lifecycle.py valuing.py   decisions, transitions, values
sessions.py assigning.py maintenance.py what_if.py
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from worker.domain import (
    AblationExperiment,
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningValue,
    SessionOutcome,
    SessionVersion,
    Standing,
)
from worker.errors import NotFound, StoreUnavailable
from worker.layers.explain import Explanation, explain
from worker.layers.health import experiment_health
from worker.parameters import LayerParameters
from worker.store.assigning import Assigner, answer_of
from worker.store.book import Book
from worker.store.database import CozoDatabase, Row, Transaction
from worker.store.layers import LayersBuilder, default_layers
from worker.store.lifecycle import Cause, Lifecycle
from worker.store.maintenance import rebuild
from worker.store.memory import Memory
from worker.store.protocol import (
    AssignmentAnswer,
    AttributionStore,
    Companion,
    FinishedSession,
    ImportReport,
    LearningHealth,
    OpenedSession,
    SumDifference,
)
from worker.store.rows import (
    assignment_of,
    decision_of,
    detail_row,
    record_of,
    record_row,
    refuse_not_finite,
    version_of,
)
from worker.store.sessions import mark_finished, note_records, take_version
from worker.store.valuing import Valuer
from worker.store.what_if import WhatIf

#: what a person may decide; the other kinds of line are written by the store itself
PEOPLE_DECIDE = frozenset(
    {DecisionKind.ENABLED, DecisionKind.DISABLED, DecisionKind.PINNED, DecisionKind.UNPINNED, DecisionKind.TRIED}
)
#: sessions in common from which, and share of them at which, two learnings are said to travel together
_ENOUGH_TOGETHER, _ALWAYS = 20, 0.95
_COUNTED = ("learnings", "sessions", "records", "assignments", "decisions", "values", "experiments", "unpublished")


def _wall_clock() -> int:
    return time.time_ns() // 1000


class CozoStore(AttributionStore):
    def __init__(
        self,
        path: Path | None,
        *,
        parameters: LayerParameters | None = None,
        build_layers: LayersBuilder = default_layers,
        clock: Callable[[], int] = _wall_clock,
    ) -> None:
        """Opens the RocksDB folder, made if missing; None keeps everything in memory.

        Raises `StoreUnavailable` when another process owns the folder. Values are brought up to date when the parameters
        differ from those they were last computed with. `clock` dates the lines that the rule writes to the decision log.
        """
        self._parameters = parameters or LayerParameters()
        self._build_layers = build_layers
        self._layers = build_layers(self._parameters)
        self._valuer = Valuer(self._layers.aggregation)
        self._clock = clock
        self._database = CozoDatabase(path)
        self._loaded: Memory | None = None
        self._follow_parameters()

    # -- learnings and people's decisions

    def import_learnings(self, learnings: list[Learning], *, actor: str, now: int) -> ImportReport:
        report: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
        with self._work(now) as work:
            for learning in {learning.learning_id: learning for learning in learnings}.values():
                report[work.lifecycle.import_one(learning, actor=actor)].append(learning.learning_id)
            work.lifecycle.bring_up_to_date([*report["new"], *report["changed"]])
        return ImportReport(**{name: tuple(learning_ids) for name, learning_ids in report.items()})

    def get_learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        with self._read() as memory:
            return _known_among(memory, learning_ids)

    def list_learnings(self) -> list[Learning]:
        with self._read() as memory:
            return sorted(memory.learnings.values(), key=lambda learning: learning.learning_id)

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str, now: int) -> Decision:
        if kind not in PEOPLE_DECIDE:
            raise ValueError(f"people decide {', '.join(sorted(PEOPLE_DECIDE))}; {kind} is the store's own")
        with self._work(now) as work:
            _must_know(work.draft, [learning_id])
            return work.lifecycle.decide(learning_id, kind, actor=actor, reason=reason)

    def get_decisions(self, learning_id: str) -> list[Decision]:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            found = [decision_of(row) for row in self._database.read("decisions", learning_id=learning_id)]
        return sorted(found, key=lambda decision: decision.number)

    def get_standing(self, learning_id: str) -> Standing:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            return memory.histories[learning_id].standing

    # -- assignment

    def assign(self, session_id: str, learning_ids: list[str], *, now: int) -> list[AssignmentAnswer]:
        with self._work(now) as work:
            _must_know(work.draft, learning_ids)
            logged = {row[0]: answer_of(row) for row in work.transaction.read("assignments", session_id=session_id)}
            assigner = Assigner(strategy=self._layers.ablation, session_id=session_id, now=now)
            for learning_id in dict.fromkeys(learning_ids):
                if learning_id not in logged:
                    logged[learning_id], row = assigner.decide(work.draft.values[learning_id])
                    work.transaction.write("put_assignment", [row])
        return [logged[learning_id] for learning_id in dict.fromkeys(learning_ids)]

    # -- attribution

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        with self._work(version.timestamp, session_id) as work:
            take_version(work.transaction, work.draft, session_id, version)
            rows = work.transaction.read("assignments", session_id=session_id)
            assignments = {row[0]: assignment_of(row) for row in rows}
            learnings = _known_among(work.draft, [*learning_ids, *assignments])
        return OpenedSession(learnings=learnings, assignments=assignments)

    def store_attribution(self, record: AttributionRecord, version: SessionVersion) -> None:
        self.store_attributions([record], version)

    def store_attributions(self, records: list[AttributionRecord], version: SessionVersion) -> None:
        if not records:
            return
        session_id = _only_session(records)
        for record in records:
            refuse_not_finite(record)
        with self._work(version.timestamp, session_id) as work:
            take_version(work.transaction, work.draft, session_id, version)
            _must_know(work.draft, [record.learning_id for record in records])
            known = note_records(work.draft, session_id, [record.learning_id for record in records])
            if known:
                work.take_out(
                    work.transaction.read("records", keys=[[learning_id, session_id] for learning_id in known])
                )
            for record in records:
                work.put_in(record, version)
            work.book.settle()

    def finish_session(self, session_id: str, version: SessionVersion) -> FinishedSession:
        with self._work(self._clock(), session_id) as work:
            known = take_version(work.transaction, work.draft, session_id, version)
            rows = work.transaction.read("records_of_session", session_id=session_id)
            work.remove([row for row in rows if version_of(row) != version])
            # a version's deprecations are settled when it first finishes; what shows later waits for the next session
            cause = None if known.is_finished else Cause(session_id=session_id, version=version)
            values, deprecations = work.lifecycle.bring_up_to_date([row[0] for row in rows], cause=cause)
            if cause:
                deprecations += work.lifecycle.carry(cause)
                mark_finished(work.transaction, work.draft, session_id)
            else:
                deprecations = self._deprecations(session_id, version)
        return FinishedSession(
            records=tuple(record_of(row) for row in rows if version_of(row) == version),
            values=tuple(values),
            deprecations=tuple(sorted(deprecations, key=lambda d: (d.learning_id, d.number))),
        )

    def get_attribution(self, learning_id: str, session_id: str) -> AttributionRecord:
        rows = self._database.read("whole_records", keys=[[learning_id, session_id]])
        if not rows:
            raise NotFound(f"no record of learning {learning_id} in session {session_id}")
        return record_of(rows[0])

    def get_attributions_for_learning(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            newest = partial(self._database.read, "newest_record_keys", learning_id=learning_id, limit=limit)
            epochs = range(1, memory.histories[learning_id].standing.epoch + 1)
            rows = self._database.read("whole_records", keys=[row for epoch in epochs for row in newest(epoch=epoch)])
        return [record_of(row) for row in sorted(rows, key=lambda row: (-row[2], row[1]))[:limit]]

    def get_attributions_for_session(self, session_id: str) -> list[AttributionRecord]:
        return [record_of(row) for row in self._database.read("records_of_session", session_id=session_id)]

    # -- values

    def get_learning_value(self, learning_id: str) -> LearningValue:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            return self._valuer.value(memory, learning_id)

    def update_learning_value(self, learning_id: str) -> LearningValue:
        with self._work(self._clock()) as work:
            _must_know(work.draft, [learning_id])
            values, _ = work.lifecycle.bring_up_to_date([learning_id])
        return values[0]

    def list_learning_values(self, *, limit: int | None = None) -> list[LearningValue]:
        with self._read() as memory:
            values = [self._valuer.value(memory, learning_id) for learning_id in memory.histories]
        return sorted(values, key=lambda value: (-value.estimated_value, value.learning_id))[:limit]

    def refresh_values(self) -> int:
        with self._work(self._clock()) as work:
            before = dict(work.draft.values)
            work.lifecycle.bring_up_to_date(list(work.draft.histories))
            return sum(before.get(learning_id) != row for learning_id, row in work.draft.values.items())

    # -- experiments

    def get_experiment(self, learning_id: str) -> AblationExperiment:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            totals, epoch = memory.totals_of(learning_id), memory.histories[learning_id].standing.epoch
            rows = self._database.read("outcomes_of_learning", learning_id=learning_id)
        counted = sorted(row for row in rows if row[3] == epoch and 0 < row[4] < 1)
        return AblationExperiment(
            learning_id=learning_id,
            started_at=totals.first_at,
            sessions_with=_arm(counted, was_withheld=False),
            sessions_without=_arm(counted, was_withheld=True),
            result=self._layers.ablation.compute_marginal_value(totals.sums),
        )

    def update_experiment(self, learning_id: str) -> AblationExperiment:
        self.update_learning_value(learning_id)
        return self.get_experiment(learning_id)

    def get_health(self, learning_id: str) -> LearningHealth:
        with self._read() as memory:
            _must_know(memory, [learning_id])
            sums = memory.totals_of(learning_id).sums
            together = self._database.read("sessions_together", learning_id=learning_id)
        return LearningHealth(
            learning_id=learning_id,
            experiment=experiment_health(sums, self._parameters.ablation),
            companions=_companions(learning_id, dict(map(tuple, together))),
        )

    def explain(self, learning_id: str, session_id: str) -> Explanation:
        with self._read() as memory:
            record = self.get_attribution(learning_id, session_id)
            totals = memory.totals_of(learning_id)
            return explain(
                record,
                sums=totals.sums,
                global_sums=memory.global_sums,
                standing=memory.histories[learning_id].standing,
                aggregator=self._layers.aggregation,
                updated_at=totals.newest_at,
                net_kappa=self._parameters.temporal.net_kappa,
            )

    # -- maintenance

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        with self._database.transaction() as transaction:
            differences = rebuild(transaction, repair=repair)
        if repair:
            self._loaded = None
            self.refresh_values()
        return differences

    def what_if(self, parameters: LayerParameters) -> list[tuple[LearningValue, LearningValue]]:
        with self._read() as memory:
            return WhatIf(
                memory=memory,
                database=self._database,
                now=self._layers,
                then=self._build_layers(parameters),
                before=self._parameters,
                after=parameters,
            ).changes()

    def counts(self) -> dict[str, int]:
        with self._read():
            return {name: int(self._database.read(f"count_{name}")[0][0] or 0) for name in _COUNTED}

    def backup(self, path: Path) -> None:
        """Everything as of now into one new file; `restore` makes a folder of it again."""
        self._database.backup(path)

    def close(self) -> None:
        self._database.close()

    # -- shared by the operations

    @contextmanager
    def _read(self) -> Iterator[Memory]:
        """What is in memory, while nothing is written."""
        with self._database.consistent():
            if self._loaded is None:
                self._loaded = Memory.load(self._database)
            yield self._loaded

    @contextmanager
    def _work(self, now: int, session_id: str = "") -> Iterator["_Work"]:
        """One transaction; memory follows when it is committed, and is read again when nobody can tell whether it was."""
        with self._read() as memory:
            draft = memory.draft()
            try:
                with self._database.transaction() as transaction:
                    book = Book(transaction, draft, session_id)
                    lifecycle = Lifecycle(transaction, draft, book, self._valuer, now=now)
                    yield _Work(transaction=transaction, draft=draft, book=book, lifecycle=lifecycle)
                    lifecycle.save()
            except StoreUnavailable:
                self._loaded = None
                raise
            memory.take(draft)

    def _follow_parameters(self) -> None:
        parameters = self._parameters.model_dump_json()
        if self._database.read("meta", key="parameters") == [[parameters]]:
            return
        self.refresh_values()
        self._database.commit({"put_meta": [["parameters", parameters]]})

    def _deprecations(self, session_id: str, version: SessionVersion) -> list[Decision]:
        named = {"session_id": session_id, "event_id": version.event_id, "attempt": version.attempt}
        found = [decision_of(row) for row in self._database.read("decisions_of_version", **named)]
        return [d for d in found if d.kind is DecisionKind.DEPRECATED and d.version == version]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    transaction: Transaction
    draft: Memory
    book: Book
    lifecycle: Lifecycle

    def put_in(self, record: AttributionRecord, version: SessionVersion) -> None:
        epoch = record.epoch or self.draft.histories[record.learning_id].epoch_at(record.timestamp)
        self.book.add(record, epoch)
        self.transaction.write("put_record", [record_row(record, epoch=epoch, version=version)])
        self.transaction.write("put_detail", [detail_row(record)])

    def take_out(self, rows: list[Row]) -> None:
        for row in rows:
            self.book.remove(record_of(row), row[13])

    def remove(self, rows: list[Row]) -> None:
        self.take_out(rows)
        self.book.settle()
        keys = [row[:2] for row in rows]
        self.transaction.write("rm_record", keys)
        self.transaction.write("rm_detail", keys)


def _only_session(records: list[AttributionRecord]) -> str:
    learning_ids = {record.learning_id for record in records}
    session_ids = {record.session_id for record in records}
    if len(session_ids) != 1 or len(learning_ids) != len(records):
        raise ValueError("records stored together belong to one session and to different learnings")
    return records[0].session_id


def _arm(rows: list[Row], *, was_withheld: bool) -> tuple[SessionOutcome, ...]:
    return tuple(
        SessionOutcome(session_id=session_id, outcome=outcome, timestamp=timestamp)
        for timestamp, session_id, withheld, _, _, outcome in rows
        if withheld is was_withheld
    )


def _companions(learning_id: str, together: dict[str, int]) -> tuple[Companion, ...]:
    """Those in nearly all of the learning's sessions; a few sessions prove nothing."""
    sessions = together.pop(learning_id, 0)
    if sessions < _ENOUGH_TOGETHER:
        return ()
    shares = {other: count / sessions for other, count in together.items()}
    constant = [Companion(learning_id=other, share=share) for other, share in shares.items() if share >= _ALWAYS]
    return tuple(sorted(constant, key=lambda companion: (-companion.share, companion.learning_id)))


def _known_among(memory: Memory, learning_ids: list[str]) -> dict[str, Learning]:
    return {
        learning_id: memory.learnings[learning_id] for learning_id in learning_ids if learning_id in memory.learnings
    }


def _must_know(memory: Memory, learning_ids: list[str]) -> None:
    missing = [learning_id for learning_id in learning_ids if learning_id not in memory.histories]
    if missing:
        raise NotFound(f"no learning {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}")

"""The store on CozoDB: one method an operation, each of them one transaction. See `protocol.py` for what they promise.

database.py   the engine            rows.py, history.py   domain ↔ rows
book.py       exact sums            lifecycle.py          decisions, transitions, cached values
assigning.py  inject or withhold    maintenance.py        rebuild, what-if
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from worker.errors import NotFound, Superseded
from worker.parameters import LayerParameters
from worker.store.assigning import assign
from worker.store.book import Book, in_force, joined, read_global
from worker.store.database import CozoDatabase, Row, Transaction
from worker.store.history import History, begin, history_of
from worker.store.layers import LayersBuilder, default_layers
from worker.store.lifecycle import Cause, Lifecycle, value_of
from worker.store.maintenance import WhatIf, rebuild
from worker.store.protocol import (
    AssignmentAnswer,
    AttributionStore,
    FinishedSession,
    ImportReport,
    OpenedSession,
    SumDifference,
)
from worker.store.rows import (
    assignment_of,
    decision_of,
    decision_row,
    detail_row,
    learning_of,
    learning_row,
    record_of,
    record_row,
    refuse_not_finite,
    version_of,
)

#: what a person may decide; the other kinds of line are written by the store itself
PEOPLE_DECIDE = frozenset(
    {DecisionKind.ENABLED, DecisionKind.DISABLED, DecisionKind.PINNED, DecisionKind.UNPINNED, DecisionKind.TRIED}
)


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
        differ from those they were last computed with.
        """
        self._parameters = parameters or LayerParameters()
        self._build_layers = build_layers
        self._layers = build_layers(self._parameters)
        self._clock = clock
        self._database = CozoDatabase(path)
        self._follow_parameters()

    # -- learnings and people's decisions

    def import_learnings(self, learnings: list[Learning], *, actor: str, now: int) -> ImportReport:
        report: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
        with self._working(now) as work:
            asked = {learning.learning_id: learning for learning in learnings}
            stored = self._learnings(list(asked))
            work.lifecycle.load(asked)
            for learning_id, learning in asked.items():
                report[_import_one(work, learning, stored.get(learning_id), actor=actor, now=now)].append(learning_id)
            changed = [learning for learning_id, learning in asked.items() if learning != stored.get(learning_id)]
            work.transaction.write("put_learning", [learning_row(learning) for learning in changed])
            work.lifecycle.bring_up_to_date([*report["new"], *report["changed"]])
        return ImportReport(**{name: tuple(learning_ids) for name, learning_ids in report.items()})

    def get_learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        return self._learnings(learning_ids)

    def list_learnings(self) -> list[Learning]:
        return [learning_of(row) for row in self._database.read("all_learnings")]

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str, now: int) -> Decision:
        if kind not in PEOPLE_DECIDE:
            raise ValueError(f"people decide {', '.join(sorted(PEOPLE_DECIDE))}, not {kind}")
        with self._working(now) as work:
            _known(work.lifecycle.load([learning_id]), [learning_id])
            before = work.lifecycle.values([learning_id])[learning_id]
            decision = work.lifecycle.append(learning_id, kind, actor=actor, reason=reason, value=before)
            work.lifecycle.settle_status(learning_id, work.lifecycle.values([learning_id])[learning_id])
            work.lifecycle.bring_up_to_date([learning_id])
        return decision

    def get_decisions(self, learning_id: str) -> list[Decision]:
        self._standing_row(learning_id)
        found = [decision_of(row) for row in self._database.read("decisions", learning_id=learning_id)]
        return sorted(found, key=lambda decision: decision.number)

    def get_standing(self, learning_id: str) -> Standing:
        return history_of(self._standing_row(learning_id)).standing

    # -- assignment

    def assign(self, session_id: str, learning_ids: list[str], *, now: int) -> list[AssignmentAnswer]:
        with self._database.transaction() as transaction:
            return assign(transaction, self._layers.ablation, session_id, learning_ids, now=now)

    # -- attribution

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        with self._database.transaction() as transaction:
            _take_version(transaction, session_id, version)
            assignments = {row[0]: assignment_of(row) for row in transaction.read("assignments", session_id=session_id)}
            return OpenedSession(learnings=self._learnings([*learning_ids, *assignments]), assignments=assignments)

    def store_attribution(self, record: AttributionRecord, version: SessionVersion) -> None:
        self.store_attributions([record], version)

    def store_attributions(self, records: list[AttributionRecord], version: SessionVersion) -> None:
        if not records:
            return
        session_id = _only_session(records)
        for record in records:
            refuse_not_finite(record)
        with self._working(version.timestamp, session_id) as work:
            _take_version(work.transaction, session_id, version)
            histories = work.lifecycle.load(record.learning_id for record in records)
            _known(histories, [record.learning_id for record in records])
            replaced = [[record.learning_id, session_id] for record in records]
            for row in work.transaction.read("records", keys=replaced):
                _take_out(work, row)
            for record in records:
                epoch = record.epoch or histories[record.learning_id].epoch_at(record.timestamp)
                work.book.add(record, epoch)
                work.transaction.write("put_record", [record_row(record, epoch=epoch, version=version)])
                work.transaction.write("put_detail", [detail_row(record)])
            work.book.settle(histories)

    def finish_session(self, session_id: str, version: SessionVersion) -> FinishedSession:
        with self._working(self._clock(), session_id) as work:
            is_finished = _take_version(work.transaction, session_id, version, finish=True)
            keys = [
                [row[0], session_id] for row in work.transaction.read("record_keys_of_session", session_id=session_id)
            ]
            rows = work.transaction.read("records", keys=keys)
            stale = [row for row in rows if version_of(row) != version]
            self._remove(work, stale)
            # a version's deprecations are settled when it first finishes; what shows later waits for the next session
            cause = None if is_finished else Cause(session_id=session_id, version=version)
            values = work.lifecycle.bring_up_to_date([row[0] for row in rows], cause=cause)
            if cause:
                _take_unpublished(work.transaction, cause)
        return FinishedSession(
            records=tuple(self._complete([row for row in rows if version_of(row) == version])),
            values=tuple(values),
            deprecations=tuple(self._deprecations(session_id, version)),
        )

    def get_attribution(self, learning_id: str, session_id: str) -> AttributionRecord:
        found = self._complete(self._database.read("records", keys=[[learning_id, session_id]]))
        if not found:
            raise NotFound(f"no record of learning {learning_id} in session {session_id}")
        return found[0]

    def get_attributions_for_learning(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        epochs = history_of(self._standing_row(learning_id)).standing.epoch
        keys = [
            row
            for epoch in range(1, epochs + 1)
            for row in self._database.read("newest_record_keys", learning_id=learning_id, epoch=epoch, limit=limit)
        ]
        newest = sorted(self._database.read("records", keys=keys), key=lambda row: (-row[2], row[1]))
        return self._complete(newest[:limit])

    def get_attributions_for_session(self, session_id: str) -> list[AttributionRecord]:
        keys = [[row[0], session_id] for row in self._database.read("record_keys_of_session", session_id=session_id)]
        return self._complete(self._database.read("records", keys=keys))

    # -- values

    def get_learning_value(self, learning_id: str) -> LearningValue:
        with self._database.consistent():
            lifecycle = self._reading()
            _known(lifecycle.load([learning_id]), [learning_id])
            return lifecycle.values([learning_id])[learning_id]

    def update_learning_value(self, learning_id: str) -> LearningValue:
        with self._working(self._clock()) as work:
            _known(work.lifecycle.load([learning_id]), [learning_id])
            return work.lifecycle.bring_up_to_date([learning_id])[0]

    def list_learning_values(self, *, limit: int | None = None) -> list[LearningValue]:
        with self._database.consistent():
            histories = [history_of(row) for row in self._database.read("all_standings")]
            totals = joined(self._database.read("all_sums"), self._database.read("all_arms"))
            global_sums = read_global(self._database.read("global_sums"))
        values = [value_of(self._layers, history, in_force(history, totals), global_sums) for history in histories]
        return sorted(values, key=lambda value: (-value.estimated_value, value.learning_id))[:limit]

    def refresh_values(self) -> int:
        with self._working(self._clock()) as work:
            work.lifecycle.load([row[0] for row in work.transaction.read("all_standings")])
            cached = {row[0]: row for row in work.transaction.read("all_values")}
            return work.lifecycle.refresh(cached)

    # -- experiments

    def get_experiment(self, learning_id: str) -> AblationExperiment:
        with self._database.consistent():
            lifecycle = self._reading()
            _known(lifecycle.load([learning_id]), [learning_id])
            totals = lifecycle.totals(learning_id)
            rows = self._database.read("records_of_learning", learning_id=learning_id)
        epoch = lifecycle.load([])[learning_id].standing.epoch
        counted = [row for row in rows if row[13] == epoch and 0 < row[12] < 1]
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

    # -- maintenance

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        with self._database.transaction() as transaction:
            differences = rebuild(transaction, repair=repair)
        if repair:
            self.refresh_values()
        return differences

    def what_if(self, parameters: LayerParameters) -> list[tuple[LearningValue, LearningValue]]:
        with self._database.consistent():
            what_if = WhatIf(
                now=self._layers, then=self._build_layers(parameters), before=self._parameters, after=parameters
            )
            return what_if.changes(self._database)

    def counts(self) -> dict[str, int]:
        with self._database.consistent():
            return {
                name: self._database.read(f"count_{name}")[0][0] or 0
                for name in (
                    "learnings",
                    "sessions",
                    "records",
                    "assignments",
                    "decisions",
                    "values",
                    "experiments",
                    "unpublished",
                )
            }

    def backup(self, path: Path) -> None:
        """Everything as of now into one new file, to be read by `restore`."""
        self._database.backup(path)

    def restore(self, path: Path) -> None:
        self._database.restore(path)

    def close(self) -> None:
        self._database.close()

    # -- shared by the operations

    @contextmanager
    def _working(self, now: int, session_id: str = "") -> Iterator["_Work"]:
        with self._database.transaction() as transaction:
            book = Book(transaction, session_id)
            lifecycle = Lifecycle(transaction, book, self._layers, now=now)
            yield _Work(transaction=transaction, book=book, lifecycle=lifecycle)
            lifecycle.save()

    def _reading(self) -> Lifecycle:
        transaction = Transaction(self._database)
        return Lifecycle(transaction, Book(transaction), self._layers, now=0)

    def _follow_parameters(self) -> None:
        parameters = self._parameters.model_dump_json()
        if self._database.read("meta", key="parameters") == [[parameters]]:
            return
        self.refresh_values()
        self._database.commit({"put_meta": [["parameters", parameters]]})

    def _learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        keys = [[learning_id] for learning_id in dict.fromkeys(learning_ids)]
        return {row[0]: learning_of(row) for row in self._database.read("learnings", keys=keys)}

    def _standing_row(self, learning_id: str) -> Row:
        rows = self._database.read("standings", keys=[[learning_id]])
        if not rows:
            raise _unknown([learning_id])
        return rows[0]

    def _complete(self, rows: list[Row]) -> list[AttributionRecord]:
        keys = [row[:2] for row in rows]
        details = {(row[0], row[1]): row[2] for row in self._database.read("details", keys=keys)}
        return [record_of(row, details.get((row[0], row[1]))) for row in rows]

    def _deprecations(self, session_id: str, version: SessionVersion) -> list[Decision]:
        rows = self._database.read(
            "decisions_of_version", session_id=session_id, event_id=version.event_id, attempt=version.attempt
        )
        found = [decision_of(row) for row in rows]
        return [d for d in found if d.kind is DecisionKind.DEPRECATED and d.version == version]

    def _remove(self, work: "_Work", rows: list[Row]) -> None:
        histories = work.lifecycle.load(row[0] for row in rows)
        for row in rows:
            _take_out(work, row)
        work.transaction.write("rm_record", [row[:2] for row in rows])
        work.transaction.write("rm_detail", [row[:2] for row in rows])
        work.book.settle(histories)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    transaction: Transaction
    book: Book
    lifecycle: Lifecycle


def _import_one(work: _Work, learning: Learning, stored: Learning | None, *, actor: str, now: int) -> str:
    if stored is None:
        work.lifecycle.begin(begin(learning.learning_id, now=now))
        work.lifecycle.append(learning.learning_id, DecisionKind.IMPORTED, actor=actor, reason="")
        return "new"
    if _content(learning) == _content(stored):
        return "unchanged"
    work.lifecycle.append(learning.learning_id, DecisionKind.EDITED, actor=actor, reason="its text or category changed")
    return "changed"


def _content(learning: Learning) -> tuple[object, ...]:
    """What makes it another learning when it changes: evidence about the old text says nothing about the new one."""
    return learning.category, learning.description, learning.insight, learning.pattern


def _take_version(transaction: Transaction, session_id: str, version: SessionVersion, *, finish: bool = False) -> bool:
    """Remember the newest version spoken of -> whether it was finished before. Raises `Superseded` for an older one."""
    rows = transaction.read("session", session_id=session_id)
    known = SessionVersion(timestamp=rows[0][0], event_id=rows[0][1], attempt=rows[0][2]) if rows else None
    if known and version < known:
        raise Superseded(f"session {session_id}: {version} is older than {known}")
    was_finished = bool(known == version and rows[0][3])
    if known != version or (finish and not was_finished):
        transaction.write("put_session", [[session_id, version.timestamp, version.event_id, version.attempt, finish]])
    return was_finished


def _take_out(work: _Work, row: Row) -> None:
    work.book.remove(record_of(row), row[13])


def _take_unpublished(transaction: Transaction, cause: Cause) -> None:
    waiting = [decision_of(row) for row in transaction.read("unpublished")]
    carried = [replace(decision, session_id=cause.session_id, version=cause.version) for decision in waiting]
    transaction.write("put_decision", [decision_row(decision) for decision in carried])
    transaction.write("rm_unpublished", [[decision.learning_id, decision.number] for decision in waiting])


def _only_session(records: list[AttributionRecord]) -> str:
    keys = {(record.session_id, record.learning_id) for record in records}
    if len({session_id for session_id, _ in keys}) != 1 or len(keys) != len(records):
        raise ValueError("records stored together belong to one session and to different learnings")
    return records[0].session_id


def _arm(rows: list[Row], *, was_withheld: bool) -> tuple[SessionOutcome, ...]:
    outcomes = [SessionOutcome(session_id=r[1], outcome=r[10], timestamp=r[2]) for r in rows if r[9] is was_withheld]
    return tuple(sorted(outcomes, key=lambda outcome: (outcome.timestamp, outcome.session_id)))


def _known(histories: Mapping[str, History], learning_ids: list[str]) -> None:
    missing = [learning_id for learning_id in learning_ids if learning_id not in histories]
    if missing:
        raise _unknown(missing)


def _unknown(learning_ids: list[str]) -> NotFound:
    return NotFound(f"no learning {', '.join(learning_ids[:5])}{' …' if len(learning_ids) > 5 else ''}")

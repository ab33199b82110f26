"""The exact sums as one transaction sees them: what is committed, plus the records it puts in and takes out.

Nothing is ever added outside the transaction that stores the record it came from, so the sums are a function of the set of records.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from worker.domain import AttributionRecord
from worker.layers.sums import Cell, Count, LearningSums, TemporalSums
from worker.store.database import Row, Transaction
from worker.store.history import History

EpochKey = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """One learning's sums in one epoch, with the span of time that its records cover (0 where there is none)."""

    sums: LearningSums = field(default_factory=LearningSums)
    first_at: int = 0
    newest_at: int = 0


@dataclass(slots=True)
class _Change:
    sums: LearningSums = field(default_factory=LearningSums)
    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)


class Book:
    """Records of one session go in and out; then `settle` writes what changed, and `totals` answers as of then."""

    def __init__(self, transaction: Transaction, session_id: str = "") -> None:
        self._transaction = transaction
        self._session_id = session_id
        self._changes: dict[EpochKey, _Change] = defaultdict(_Change)
        self._settled: dict[EpochKey, Totals] = {}
        self._global: TemporalSums | None = None

    def add(self, record: AttributionRecord, epoch: int) -> None:
        change = self._changes[record.learning_id, epoch]
        change.sums += LearningSums.of(record)
        change.added.append(record.timestamp)

    def remove(self, record: AttributionRecord, epoch: int) -> None:
        change = self._changes[record.learning_id, epoch]
        change.sums -= LearningSums.of(record)
        change.removed.append(record.timestamp)

    def settle(self, histories: Mapping[str, History]) -> None:
        """Write the sums, arms and global row that `add` and `remove` changed."""
        changes = {
            key: c for key, c in self._changes.items() if c.sums != LearningSums() or set(c.added) != set(c.removed)
        }
        if not changes:
            return
        before = _rows_by_epoch(
            self._transaction.read("sums", keys=[[key] for key in {learning_id for learning_id, _ in changes}])
        )
        for key, change in changes.items():
            self._settle_sums(key, before.get(key, Totals()), change)
        self._settle_arms(changes)
        current = (
            c.sums.temporal
            for (learning_id, epoch), c in changes.items()
            if histories[learning_id].standing.epoch == epoch
        )
        self._settle_global(current)

    def replace_epoch(self, learning_id: str, *, old: int, new: int) -> None:
        """The learning's current epoch changes: the global row sums current epochs only."""
        rows = _rows_by_epoch(self._transaction.read("sums", keys=[[learning_id]]))
        out = rows.get((learning_id, old), Totals()).sums.temporal
        into = rows.get((learning_id, new), Totals()).sums.temporal
        self._settle_global([into - out])

    def totals(self, epochs: Mapping[str, int]) -> dict[str, Totals]:
        """The totals of each learning in the epoch given, arms included."""
        keys = list(epochs.items())
        rows = (
            _rows_by_epoch(self._transaction.read("sums", keys=[[learning_id] for learning_id in epochs]))
            | self._settled
        )
        arms = arms_by_epoch(self._transaction.read("arms", keys=[list(key) for key in keys]))
        found = {}
        for key in keys:
            totals = rows.get(key, Totals())
            change = self._changes.get(key, _Change())
            complete = LearningSums(arms=arms.get(key, {})) + LearningSums(arms=change.sums.arms)
            found[key[0]] = replace(totals, sums=replace(totals.sums, arms=complete.arms))
        return found

    @property
    def global_sums(self) -> TemporalSums:
        if self._global is None:
            self._global = read_global(self._transaction.read("global_sums"))
        return self._global

    def _settle_sums(self, key: EpochKey, before: Totals, change: _Change) -> None:
        sums = replace(before.sums + change.sums, arms={})
        if sums.n_records == 0:
            self._transaction.write("rm_sums", [list(key)])
            self._settled[key] = Totals()
            return
        first_at, newest_at = self._span(key, before, change)
        self._settled[key] = Totals(sums=sums, first_at=first_at, newest_at=newest_at)
        self._transaction.write("put_sums", [totals_row(key, self._settled[key])])

    def _span(self, key: EpochKey, before: Totals, change: _Change) -> tuple[int, int]:
        """First and newest timestamp; the other records are looked at only when the one that held an extreme went away."""
        ends = [*change.added, *([before.first_at, before.newest_at] if before.sums.n_records else [])]
        lost_first = (
            before.first_at in change.removed and min(change.added, default=before.first_at + 1) > before.first_at
        )
        lost_newest = (
            before.newest_at in change.removed and max(change.added, default=before.newest_at - 1) < before.newest_at
        )
        if not lost_first and not lost_newest:
            return min(ends), max(ends)
        learning_id, epoch = key
        rows = self._transaction.read(
            "span_of_others", learning_id=learning_id, epoch=epoch, session_id=self._session_id
        )
        others = [-at for at in rows[0] if at is not None] if rows else []
        return min([*others, *change.added]), max([*others, *change.added])

    def _settle_arms(self, changes: Mapping[EpochKey, _Change]) -> None:
        touched = [[*key, *cell] for key, change in changes.items() for cell in change.sums.arms]
        if not touched:
            return
        before = arms_by_epoch(self._transaction.read("arm_counts", keys=touched))
        for key, change in changes.items():
            was = {cell: count for cell, count in before.get(key, {}).items() if cell in change.sums.arms}
            after = (LearningSums(arms=was) + LearningSums(arms=change.sums.arms)).arms
            self._transaction.write("put_arms", [[*key, *cell, *count] for cell, count in after.items()])
            self._transaction.write("rm_arms", [[*key, *cell] for cell in was if cell not in after])

    def _settle_global(self, changes: Iterable[TemporalSums]) -> None:
        change = sum(changes, TemporalSums())
        if change == TemporalSums():
            return
        self._global = self.global_sums + change
        self._transaction.overwrite("put_global_sums", [[0, *temporal_columns(self._global)]])


# ------------------------------------------------------------- rows of the sums


def totals_row(key: EpochKey, totals: Totals) -> Row:
    sums = totals.sums
    return [
        *key,
        sums.n_records,
        sums.n_injected,
        sums.n_contaminated,
        sums.n_mismatched,
        *temporal_columns(sums.temporal),
        totals.first_at,
        totals.newest_at,
    ]


def temporal_columns(sums: TemporalSums) -> Row:
    return [sums.n_act, str(sums.a), str(sums.ab), str(sums.a2), str(sums.a2b), str(sums.a2b2)]


def temporal_of(columns: Row) -> TemporalSums:
    n_act, a, ab, a2, a2b, a2b2 = columns
    return TemporalSums(n_act=n_act, a=int(a), ab=int(ab), a2=int(a2), a2b=int(a2b), a2b2=int(a2b2))


def read_global(rows: list[Row]) -> TemporalSums:
    return temporal_of(rows[0]) if rows else TemporalSums()


def _totals_of(row: Row) -> Totals:
    n_records, n_injected, n_contaminated, n_mismatched = row[2:6]
    sums = LearningSums(
        n_records=n_records,
        n_injected=n_injected,
        n_contaminated=n_contaminated,
        n_mismatched=n_mismatched,
        temporal=temporal_of(row[6:12]),
    )
    return Totals(sums=sums, first_at=row[12], newest_at=row[13])


def _rows_by_epoch(rows: list[Row]) -> dict[EpochKey, Totals]:
    return {(row[0], row[1]): _totals_of(row) for row in rows}


def arms_by_epoch(rows: list[Row]) -> dict[EpochKey, dict[Cell, Count]]:
    found: dict[EpochKey, dict[Cell, Count]] = defaultdict(dict)
    for learning_id, epoch, was_withheld, p_micro, outcome_milli, records, activated in rows:
        found[learning_id, epoch][Cell(was_withheld, p_micro, outcome_milli)] = Count(records, activated)
    return found


def joined(sums: list[Row], arms: list[Row]) -> dict[EpochKey, Totals]:
    """Totals with their arms, from rows of both relations."""
    cells = arms_by_epoch(arms)
    return {
        key: replace(totals, sums=replace(totals.sums, arms=cells.get(key, {})))
        for key, totals in _rows_by_epoch(sums).items()
    }


def in_force(history: History, totals: Mapping[EpochKey, Totals]) -> Totals:
    """The totals of the learning's current epoch."""
    return totals.get((history.standing.learning_id, history.standing.epoch), Totals())

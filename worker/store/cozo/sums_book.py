"""Records of one session going in and out of the exact sums, within the transaction that stores them.

Nothing is ever added outside the transaction that stores the record it came from, so the sums are a function of the set of records.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from worker.domain import AttributionRecord
from worker.layers.outlook.models import SessionOutlook
from worker.layers.statistics.sums import LearningSums, TemporalSums
from worker.store.cozo.database import Transaction
from worker.store.cozo.memory import NOTHING, Memory
from worker.store.cozo.totals import EpochKey, Totals, arm_rows, arm_sums_rows, temporal_row, totals_row

_NO_SUMS, _NO_TEMPORAL_SUMS = LearningSums(), TemporalSums()


@dataclass(slots=True)
class _Change:
    sums: LearningSums = _NO_SUMS
    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def is_fresh(self) -> bool:
        return not self.added and not self.removed

    def is_nothing(self) -> bool:
        return set(self.added) == set(self.removed) and self.sums == _NO_SUMS


class Book:
    """`add` and `remove` gather, `settle` writes; the draft then holds the sums as they will be."""

    def __init__(self, transaction: Transaction, draft: Memory, session_id: str) -> None:
        self._transaction = transaction
        self._draft = draft
        self._session_id = session_id
        self._changes: dict[EpochKey, _Change] = defaultdict(_Change)

    def add(self, record: AttributionRecord, epoch: int, outlook: SessionOutlook) -> None:
        """`outlook` is that of the record's session, as it will be."""
        change = self._changes[record.learning_id, epoch]
        one = LearningSums.of(record, outlook.adjustment(record.learning_id, epoch))
        change.sums = one if change.is_fresh() else change.sums + one
        change.added.append(record.timestamp)

    def remove(self, record: AttributionRecord, epoch: int, outlook: SessionOutlook) -> None:
        """`outlook` is that of the record's session, as it was."""
        change = self._changes[record.learning_id, epoch]
        change.sums -= LearningSums.of(record, outlook.adjustment(record.learning_id, epoch))
        change.removed.append(record.timestamp)

    def settle(self) -> None:
        """Storing the same record again gathers nothing and writes nothing here."""
        for key, change in self._changes.items():
            if not change.is_nothing():
                self._settle(key, change)
        self._changes.clear()

    def replace_epoch(self, learning_id: str, *, old: int, new: int) -> None:
        """The learning's current epoch changes, and the global row sums current epochs only."""
        out = self._draft.totals.get((learning_id, old), NOTHING).sums.temporal
        into = self._draft.totals.get((learning_id, new), NOTHING).sums.temporal
        self._change_global(into - out)

    def _settle(self, key: EpochKey, change: _Change) -> None:
        before = self._draft.totals.get(key, NOTHING)
        sums = before.sums + change.sums
        if sums.n_records:
            first_at, newest_at = self._span(key, before, change)
            after = Totals(sums=sums, first_at=first_at, newest_at=newest_at)
            self._transaction.write("put_sums", [totals_row(key, after)])
        else:
            after = NOTHING
            self._transaction.write("rm_sums", [list(key)])
        self._transaction.write("put_arm_sums", arm_sums_rows(key, sums, stored=before.sums))
        gone = [was for was, of in ((False, sums.with_), (True, sums.without)) if not of.records]
        had = {False: before.sums.with_.records, True: before.sums.without.records}
        self._transaction.write("rm_arm_sums", [[*key, was] for was in gone if had[was]])
        self._draft.totals[key] = after
        touched = {cell: sums.arms[cell] for cell in change.sums.arms if cell in sums.arms}
        self._transaction.write("put_arms", arm_rows(key, touched))
        self._transaction.write("rm_arms", [[*key, *cell] for cell in change.sums.arms if cell not in sums.arms])
        if self._draft.histories[key[0]].standing.epoch == key[1]:
            self._change_global(change.sums.temporal)

    def _span(self, key: EpochKey, before: Totals, change: _Change) -> tuple[int, int]:
        """First and newest timestamp; the other records are looked at only when the one that held an extreme went away."""
        first_at, newest_at = before.first_at, before.newest_at
        lost_first = first_at in change.removed and min(change.added, default=first_at + 1) > first_at
        lost_newest = newest_at in change.removed and max(change.added, default=newest_at - 1) < newest_at
        if lost_first or lost_newest:
            ends = [*change.added, *self._others(key)]
        else:
            ends = [*change.added, *([first_at, newest_at] if before.sums.n_records else [])]
        return min(ends), max(ends)

    def _others(self, key: EpochKey) -> list[int]:
        learning_id, epoch = key
        rows = self._transaction.read(
            "span_of_others", learning_id=learning_id, epoch=epoch, session_id=self._session_id
        )
        return [-at for row in rows for at in row if at is not None]

    def _change_global(self, change: TemporalSums) -> None:
        if change == _NO_TEMPORAL_SUMS:
            return
        self._draft.global_sums += change
        self._transaction.overwrite("put_global_sums", [[0, *temporal_row(self._draft.global_sums)]])

"""One learning's exact sums in one epoch, and how they stand in `learning_sums`, `arm_count` and `global_sums`."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from worker.domain import AttributionRecord
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.store.cozo.database import Row

#: (learning_id, epoch)
EpochKey = tuple[str, int]

TEMPORAL_COLUMNS = ("n_act", "a", "ab", "a2", "a2b", "a2b2")
SUMS_COLUMNS = ("n_records", "n_injected", "n_contaminated", "n_mismatched", *TEMPORAL_COLUMNS, "first_at", "newest_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    sums: LearningSums = field(default_factory=LearningSums)
    #: first and newest timestamp among the records; 0 where there is none
    first_at: int = 0
    newest_at: int = 0

    def with_record(self, record: AttributionRecord) -> "Totals":
        first = min(self.first_at, record.timestamp) if self.sums.n_records else record.timestamp
        newest = max(self.newest_at, record.timestamp) if self.sums.n_records else record.timestamp
        return Totals(sums=self.sums + LearningSums.of(record), first_at=first, newest_at=newest)


def totals_row(key: EpochKey, totals: Totals) -> Row:
    sums = totals.sums
    counts = [sums.n_records, sums.n_injected, sums.n_contaminated, sums.n_mismatched]
    return [*key, *counts, *temporal_row(sums.temporal), totals.first_at, totals.newest_at]


def temporal_row(sums: TemporalSums) -> Row:
    return [sums.n_act, str(sums.a), str(sums.ab), str(sums.a2), str(sums.a2b), str(sums.a2b2)]


def arm_rows(key: EpochKey, arms: dict[Cell, Count]) -> list[Row]:
    return [[*key, *cell, *count] for cell, count in arms.items()]


def joined(sums: list[Row], arms: list[Row]) -> dict[EpochKey, Totals]:
    """Totals from the rows of both relations."""
    cells: dict[EpochKey, dict[Cell, Count]] = defaultdict(dict)
    for learning_id, epoch, was_withheld, p_micro, outcome_milli, records, activated in arms:
        cells[learning_id, epoch][Cell(was_withheld, p_micro, outcome_milli)] = Count(records, activated)
    found = {(row[0], row[1]): _totals_of(row, cells.pop((row[0], row[1]), {})) for row in sums}
    # arms without a row of sums cannot come from here; kept, so that a rebuild can tell
    return found | {key: Totals(sums=LearningSums(arms=arms)) for key, arms in cells.items()}


def read_global(rows: list[Row]) -> TemporalSums:
    return _temporal_of(rows[0]) if rows else TemporalSums()


def _totals_of(row: Row, arms: dict[Cell, Count]) -> Totals:
    n_records, n_injected, n_contaminated, n_mismatched = row[2:6]
    sums = LearningSums(
        n_records=n_records,
        n_injected=n_injected,
        n_contaminated=n_contaminated,
        n_mismatched=n_mismatched,
        temporal=_temporal_of(row[6:12]),
    )
    return Totals(sums=replace(sums, arms=arms), first_at=row[12], newest_at=row[13])


def _temporal_of(columns: Row) -> TemporalSums:
    n_act, a, ab, a2, a2b, a2b2 = columns
    return TemporalSums(n_act=n_act, a=int(a), ab=int(ab), a2=int(a2), a2b=int(a2b), a2b2=int(a2b2))

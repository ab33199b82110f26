"""One learning's exact sums in one epoch, and how they stand in `learning_sums`, `arm_count` and `global_sums`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap

from worker.layers.statistics.sums import ArmSums, Cell, Count, LearningSums, TemporalSums, arm_of_cells
from worker.store.cozo.database import Row
from worker.store.cozo.rows import ArmRow, ArmSumsRow, SummedRow, SumsRow, TemporalRow

#: (learning_id, epoch)
EpochKey = tuple[str, int]

#: without the key
SUMS_COLUMNS = SumsRow._fields[2:]
_NO_SUMS = LearningSums()


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    sums: LearningSums = field(default_factory=LearningSums)
    #: first and newest timestamp among the records; 0 where there is none
    first_at: int = 0
    newest_at: int = 0

    @classmethod
    def over(cls, rows: Sequence[SummedRow], weights: Mapping[str, int]) -> "Totals":
        """The totals over records of one learning and epoch; there is at least one."""
        times = [row.timestamp for row in rows]
        return cls(sums=LearningSums.over(rows, weights), first_at=min(times), newest_at=max(times))


def totals_row(key: EpochKey, totals: Totals) -> SumsRow:
    learning_id, epoch = key
    sums, temporal = totals.sums, temporal_row(totals.sums.temporal)
    return SumsRow(
        learning_id=learning_id,
        epoch=epoch,
        n_records=sums.n_records,
        n_injected=sums.n_injected,
        n_contaminated=sums.n_contaminated,
        n_mismatched=sums.n_mismatched,
        **temporal._asdict(),
        first_at=totals.first_at,
        newest_at=totals.newest_at,
    )


def temporal_row(sums: TemporalSums) -> TemporalRow:
    return TemporalRow(sums.n_act, str(sums.a), str(sums.ab), str(sums.a2), str(sums.a2b), str(sums.a2b2))


def arm_rows(key: EpochKey, arms: dict[Cell, Count]) -> list[ArmRow]:
    learning_id, epoch = key
    return [
        ArmRow(learning_id, epoch, was_withheld, p_micro, outcome_milli, records, activated)
        for (was_withheld, p_micro, outcome_milli), (records, activated) in arms.items()
    ]


def arm_sums_rows(key: EpochKey, sums: LearningSums, *, stored: LearningSums = _NO_SUMS) -> list[ArmSumsRow]:
    """The arms that are not as they are `stored`: one record changes one of the two."""
    return [
        ArmSumsRow(*key, was_withheld, of.records, *map(str, (of.w, of.w2, of.wr, of.w2r, of.w2r2)))
        for was_withheld, of, before in ((False, sums.with_, stored.with_), (True, sums.without, stored.without))
        if of.records and of != before
    ]


def joined(sums: list[Row], arms: list[Row], adjusted: Sequence[Row] = ()) -> dict[EpochKey, Totals]:
    """Totals from the rows of the three relations. `adjusted` lacks what an earlier release wrote: then nothing adjusts it."""
    of_arm = {row[:3]: _arm_of(row) for row in starmap(ArmSumsRow, adjusted)}
    cells: dict[EpochKey, dict[Cell, Count]] = defaultdict(dict)
    for arm in starmap(ArmRow, arms):
        cell = Cell(arm.was_withheld, arm.p_micro, arm.outcome_milli)
        cells[arm.learning_id, arm.epoch][cell] = Count(arm.records, arm.activated)
    rows = starmap(SumsRow, sums)
    found = {
        (row.learning_id, row.epoch): _totals_of(row, cells.pop((row.learning_id, row.epoch), {}), of_arm)
        for row in rows
    }
    # arms without a row of sums cannot come from here; kept, so that a rebuild can tell
    return found | {key: Totals(sums=LearningSums(arms=arms)) for key, arms in cells.items()}


def read_global(rows: list[Row]) -> TemporalSums:
    return _temporal_of(TemporalRow(*rows[0])) if rows else TemporalSums()


def _arm_of(row: ArmSumsRow) -> ArmSums:
    w, w2, wr, w2r, w2r2 = map(int, row[4:])
    return ArmSums(records=row.records, w=w, w2=w2, wr=wr, w2r=w2r, w2r2=w2r2)


def _totals_of(row: SumsRow, arms: dict[Cell, Count], adjusted: Mapping[tuple[str, int, bool], ArmSums]) -> Totals:
    key = row.learning_id, row.epoch
    sums = LearningSums(
        n_records=row.n_records,
        n_injected=row.n_injected,
        n_contaminated=row.n_contaminated,
        n_mismatched=row.n_mismatched,
        temporal=_temporal_of(row),
        arms=arms,
        with_=adjusted.get((*key, False)) or arm_of_cells(arms, was_withheld=False),
        without=adjusted.get((*key, True)) or arm_of_cells(arms, was_withheld=True),
    )
    return Totals(sums=sums, first_at=row.first_at, newest_at=row.newest_at)


def _temporal_of(row: SumsRow | TemporalRow) -> TemporalSums:
    return TemporalSums(
        n_act=row.n_act, a=int(row.a), ab=int(row.ab), a2=int(row.a2), a2b=int(row.a2b), a2b2=int(row.a2b2)
    )

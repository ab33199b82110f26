"""The sums again from the records alone: to prove them, and to put them right should they ever differ."""

from collections.abc import Iterator, Mapping

from worker.layers.sums import Cell, Count, TemporalSums
from worker.store.database import Row, Transaction
from worker.store.history import history_of
from worker.store.protocol import SumDifference
from worker.store.rows import record_of
from worker.store.totals import (
    SUMS_COLUMNS,
    TEMPORAL_COLUMNS,
    EpochKey,
    Totals,
    arm_rows,
    joined,
    read_global,
    temporal_row,
    totals_row,
)

AllTotals = Mapping[EpochKey, Totals]


def rebuild(transaction: Transaction, *, repair: bool) -> list[SumDifference]:
    """Compare what is stored with what the records say; with `repair`, the records win."""
    stored = joined(transaction.read("all_sums"), transaction.read("all_arms"))
    true = _from_records(transaction)
    stored_global, true_global = read_global(transaction.read("global_sums")), _global(transaction, true)
    keys = sorted(stored.keys() | true.keys())
    differences = [d for key in keys for d in _differences(key, stored.get(key, Totals()), true.get(key, Totals()))]
    differences += _named("", TEMPORAL_COLUMNS, temporal_row(stored_global), temporal_row(true_global))
    if repair and differences:
        _repair(transaction, stored, true, true_global)
    return differences


def _from_records(transaction: Transaction) -> dict[EpochKey, Totals]:
    """One learning at a time: never more than its records in memory."""
    true: dict[EpochKey, Totals] = {}
    for (learning_id,) in transaction.read("learnings_with_records"):
        for row in transaction.read("records_of_learning", learning_id=learning_id):
            key = (learning_id, row[13])
            true[key] = true.get(key, Totals()).with_record(record_of(row))
    return true


def _global(transaction: Transaction, totals: AllTotals) -> TemporalSums:
    standings = [history_of(row).standing for row in transaction.read("all_standings")]
    current = (totals.get((s.learning_id, s.epoch), Totals()) for s in standings)
    return sum((t.sums.temporal for t in current), TemporalSums())


def _differences(key: EpochKey, stored: Totals, true: Totals) -> Iterator[SumDifference]:
    yield from _named(key[0], SUMS_COLUMNS, totals_row(key, stored)[2:], totals_row(key, true)[2:])
    cells = sorted(stored.sums.arms.keys() | true.sums.arms.keys())
    names = tuple(f"arm was_withheld={c.was_withheld} p={c.p_micro}e-6 outcome={c.outcome_milli}e-3" for c in cells)
    yield from _named(key[0], names, [stored.sums.arms.get(c) for c in cells], [true.sums.arms.get(c) for c in cells])


def _named(learning_id: str, names: tuple[str, ...], stored: Row, true: Row) -> list[SumDifference]:
    return [
        SumDifference(learning_id=learning_id, name=name, stored=str(was), recomputed=str(is_))
        for name, was, is_ in zip(names, stored, true, strict=True)
        if was != is_
    ]


def _repair(transaction: Transaction, stored: AllTotals, true: AllTotals, true_global: TemporalSums) -> None:
    gone = [[*key, *cell] for key, t in stored.items() for cell in t.sums.arms if cell not in _arms(true, key)]
    transaction.write("rm_sums", [list(key) for key in stored.keys() - true.keys()])
    transaction.write("rm_arms", gone)
    transaction.write("put_sums", [totals_row(key, totals) for key, totals in true.items()])
    transaction.write("put_arms", [row for key, totals in true.items() for row in arm_rows(key, totals.sums.arms)])
    transaction.overwrite("put_global_sums", [[0, *temporal_row(true_global)]])


def _arms(totals: AllTotals, key: EpochKey) -> Mapping[Cell, Count]:
    return totals.get(key, Totals()).sums.arms

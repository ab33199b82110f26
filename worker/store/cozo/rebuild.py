"""The sums again from the records alone: to prove them, and to put them right should they ever differ.

One learning a transaction, so that work goes on meanwhile; at the end the global row against the sums of all of them.
"""

from collections.abc import Callable, Iterator
from itertools import starmap

from worker.layers.statistics.sums import TemporalSums
from worker.store.cozo.database import CozoDatabase, Row, Transaction
from worker.store.cozo.history import read_histories
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.rows import RecordRow, TemporalRow
from worker.store.cozo.totals import (
    SUMS_COLUMNS,
    EpochKey,
    Totals,
    arm_rows,
    joined,
    read_global,
    temporal_row,
    totals_row,
)
from worker.store.protocol import SumDifference


def rebuild(database: CozoDatabase, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    """Compare what is stored with what the records say; with `repair`, the records win.

    `repair` is called before the database is let go after each change: whoever keeps sums in memory has to read them again.
    """
    everywhere = (id_ for name in ("learnings_with_records", "learnings_with_sums") for (id_,) in database.read(name))
    differences = [d for learning_id in sorted(set(everywhere)) for d in _one(database, learning_id, repair=repair)]
    return differences + _global(database, repair=repair)


def _one(database: CozoDatabase, learning_id: str, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    with database.transaction() as transaction:
        stored = joined(
            transaction.read("sums_of_learning", learning_id=learning_id),
            transaction.read("arms_of_learning", learning_id=learning_id),
        )
        true: dict[EpochKey, Totals] = {}
        for row in starmap(RecordRow, transaction.read("records_of_learning", learning_id=learning_id)):
            key = (learning_id, row.epoch)
            true[key] = true.get(key, Totals()).with_record(record_of(row))
        keys = sorted(stored.keys() | true.keys())
        differences = [d for key in keys for d in _differences(key, stored.get(key, Totals()), true.get(key, Totals()))]
        if repair and differences:
            for key in keys:
                _repair(transaction, key, stored.get(key, Totals()), true.get(key, Totals()))
            repair()
    return differences


def _global(database: CozoDatabase, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    with database.transaction() as transaction:
        totals = joined(transaction.read("all_sums"), [])
        standings = [history.standing for history in read_histories(transaction).values()]
        current = (totals.get((s.learning_id, s.epoch), Totals()) for s in standings)
        true = temporal_row(sum((t.sums.temporal for t in current), TemporalSums()))
        stored = temporal_row(read_global(transaction.read("global_sums")))
        if repair and stored != true:
            transaction.write("put_global_sums", [[0, *true]])
            repair()
    return _named("", TemporalRow._fields, stored, true)


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


def _repair(transaction: Transaction, key: EpochKey, stored: Totals, true: Totals) -> None:
    gone = stored.sums.arms.keys() - true.sums.arms.keys()
    transaction.write("rm_arms", [[*key, *cell] for cell in gone])
    transaction.write("put_arms", arm_rows(key, true.sums.arms))
    if true.sums.n_records:
        transaction.write("put_sums", [totals_row(key, true)])
    else:
        transaction.write("rm_sums", [list(key)])

"""The sums again from the records alone: to prove them, and to put them right should they ever differ.

Some learnings a transaction, so that work goes on meanwhile; at the end the global row against the sums of all of them.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import starmap
from typing import NamedTuple

from worker.layers.statistics.sums import TemporalSums
from worker.store.cozo.database import CozoDatabase, Row, Transaction
from worker.store.cozo.history import read_histories
from worker.store.cozo.rows import SummedRow, SumsRow, TemporalRow
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
from worker.store.protocol import Proof, SumDifference

#: records and learnings in one transaction, a tenth of a second's work: whoever wants to write waits that long
_RECORDS, _LEARNINGS = 10_000, 500
#: ids end at 255 characters, so this comes after all of them
_LAST = "\U0010ffff" * 256


def rebuild(database: CozoDatabase, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    """Compare what is stored with what the records say; with `repair`, the records win.

    `repair` is called before the database is let go after each change: whoever keeps sums in memory has to read them again.
    """
    differences = []
    for each in _ranges(database):
        differences += _between(database, each, repair=repair)
    return differences + _global(database, repair=repair)


def prove(database: CozoDatabase, *, seconds: float) -> Proof:
    """As many learnings as the time allows, at least some, begun anywhere; and the global row."""
    ranges = list(_ranges(database))
    begun, first = time.monotonic(), secrets.randbelow(len(ranges))
    differences, looked_at = _global(database, repair=None), 0
    for each in [*ranges[first:], *ranges[:first]]:
        differences += _between(database, each, repair=None)
        looked_at += each.learnings
        if time.monotonic() - begun > seconds:
            break
    return Proof(differences=differences, looked_at=looked_at, of=sum(each.learnings for each in ranges))


class _Range(NamedTuple):
    """Of learnings' ids."""

    after: str
    upto: str
    #: rows of sums in it
    learnings: int


def _ranges(database: CozoDatabase) -> Iterator[_Range]:
    """All that there can be: records without sums are found too."""
    after, records, learnings = "", 0, 0
    for row in sorted(starmap(SumsRow, database.read("all_sums"))):
        records, learnings = records + row.n_records, learnings + 1
        if records >= _RECORDS or learnings >= _LEARNINGS:
            yield _Range(after, row.learning_id, learnings)
            after, records, learnings = row.learning_id, 0, 0
    yield _Range(after, _LAST, learnings)


def _between(database: CozoDatabase, each: _Range, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    ids = {"after": each.after, "upto": each.upto}
    with database.transaction() as transaction:
        stored = joined(transaction.read("sums_between", **ids), transaction.read("arms_between", **ids))
        records: dict[EpochKey, list[SummedRow]] = defaultdict(list)
        for row in starmap(SummedRow, transaction.read("summed_records_between", **ids)):
            records[row.learning_id, row.epoch].append(row)
        true = {key: Totals.over(rows) for key, rows in records.items()}
        wrong = [key for key in sorted(stored.keys() | true.keys()) if stored.get(key) != true.get(key)]
        differences = [
            d for key in wrong for d in _differences(key, stored.get(key, Totals()), true.get(key, Totals()))
        ]
        if repair and differences:
            for key in wrong:
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

"""The sums again from the records alone: to prove them, and to put them right should they ever differ.

Some learnings a transaction, so that work goes on meanwhile; at the end the global row against the sums of all of them.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import starmap
from typing import NamedTuple

from worker.domain import SessionBackground
from worker.layers.outlook.features import weight_of
from worker.layers.statistics.sums import NO_ARM, TemporalSums
from worker.store.cozo.accounting import design_of
from worker.store.cozo.database import CozoDatabase, Row, Transaction
from worker.store.cozo.history import read_histories
from worker.store.cozo.refreshing import arms_under
from worker.store.cozo.rows import DesignRow, SummedRow, SumsRow, TemporalRow
from worker.store.cozo.totals import (
    SUMS_COLUMNS,
    EpochKey,
    Totals,
    arm_rows,
    arm_sums_rows,
    joined,
    read_global,
    temporal_row,
    totals_row,
)
from worker.store.cozo.workspace import Workspace
from worker.store.shapes.upkeep import Proof, SumDifference

#: records and learnings in one transaction, a tenth of a second's work: whoever wants to write waits that long
_RECORDS, _LEARNINGS = 10_000, 500
#: ids end at 255 characters, so this comes after all of them
_LAST = "\U0010ffff" * 256


def rebuild(space: Workspace, *, is_repair: bool) -> list[SumDifference]:
    """Compare what is stored with what the records say; to repair, the records win.

    What memory holds is read again after each change, before the database is let go.
    """
    database, repair = space.database, space.forget if is_repair else None
    differences = [d for session_id in _sessions(database) for d in _design(database, session_id, repair=repair)]
    for each in _ranges(database):
        differences += _between(database, each, repair=repair)
    return [*differences, *_global(database, repair=repair), *_experiments(space, repair=repair)]


def _sessions(database: CozoDatabase) -> list[str]:
    names = ("all_designed_sessions", "all_sessions_with_records")
    return sorted({session_id for name in names for (session_id,) in database.read(name)})


def _design(database: CozoDatabase, session_id: str, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    """What the models see of one session; its background comes with the records and is taken as it is."""
    with database.transaction() as transaction:
        stored = [DesignRow(*row) for row in transaction.read("designs", keys=[[session_id]])]
        design = design_of(transaction, session_id)
        true = [design.row()] if design.records else []
        if stored and true:
            true = [true[0]._replace(has_background=stored[0].has_background)]
        if repair and stored != true:
            transaction.write("put_design" if true else "rm_design", true or [[session_id]])
            repair()
    if stored == true:
        return []
    was, is_ = ("; ".join(row.records.hex() for row in rows) for rows in (stored, true))
    return [SumDifference(learning_id="", name=f"session {session_id} as models see it", stored=was, recomputed=is_)]


def prove(database: CozoDatabase, *, seconds: float) -> Proof:
    """Check the sums of as many learnings as the time allows, at least some, begun anywhere; and the global row."""
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
    """A range of learnings' ids."""

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
        weights = _weights(transaction)
        true = {key: Totals.over(rows, weights) for key, rows in records.items()}
        wrong = [key for key in sorted(stored.keys() | true.keys()) if stored.get(key) != true.get(key)]
        differences = [
            d for key in wrong for d in _differences(key, stored.get(key, Totals()), true.get(key, Totals()))
        ]
        if repair and differences:
            for key in wrong:
                _repair(transaction, key, stored.get(key, Totals()), true.get(key, Totals()))
            repair()
    return differences


def _weights(transaction: Transaction) -> dict[str, int]:
    """The weights of the sessions that stand for more than themselves."""
    return {
        session_id: weight_of(SessionBackground(sampling_probability=chance))
        for session_id, chance in transaction.read("all_sampled_sessions")
    }


def _experiments(space: Workspace, *, repair: Callable[[], None] | None) -> list[SumDifference]:
    """The experiments' sums, under the models in force."""
    with space.reading() as memory, space.database.transaction() as transaction:
        true = arms_under(transaction.read("all_designs"), list(memory.totals), memory.outlook)
        found = []
        for key, totals in sorted(memory.totals.items()):
            stored = totals.sums.with_, totals.sums.without
            recomputed = true.get(key, (NO_ARM, NO_ARM))
            if stored != recomputed:
                found.append(
                    SumDifference(
                        learning_id=key[0],
                        name=f"experiment of epoch {key[1]}",
                        stored=str(stored),
                        recomputed=str(recomputed),
                    )
                )
                if repair:
                    sums = replace(totals.sums, with_=recomputed[0], without=recomputed[1])
                    transaction.write("put_arm_sums", arm_sums_rows(key, sums))
        if repair and found:
            repair()
    return found


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

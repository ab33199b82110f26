"""Records that are alike, counted by the database, and the sums that they add up to."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from worker.layers.statistics.sums import MICRO, MILLI, Cell, Count, LearningSums


class Alike(NamedTuple):
    #: the number of a stretch of time, or a name
    group: int | str
    was_withheld: bool
    withhold_probability: float
    session_outcome: float
    was_activated: bool
    records: int


def in_all(rows: Iterable[Alike]) -> int:
    return sum(row.records for row in rows)


def injected(rows: Iterable[Alike]) -> list[Alike]:
    return [row for row in rows if not row.was_withheld]


def used(rows: Iterable[Alike]) -> list[Alike]:
    """The records whose learning was injected and used."""
    return [row for row in injected(rows) if row.was_activated]


def arms_of(rows: Sequence[Alike]) -> LearningSums:
    """The randomised ones among them, as a learning's sums hold them."""
    cells: dict[Cell, Count] = {}
    for row in rows:
        p_micro = round(row.withhold_probability * MICRO)
        if 0 < p_micro < MICRO:
            cell = Cell(row.was_withheld, p_micro, round(row.session_outcome * MILLI))
            was = cells.get(cell, Count(0, 0))
            cells[cell] = Count(was.records + row.records, was.activated + row.records * row.was_activated)
    return LearningSums(arms=cells)

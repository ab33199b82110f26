"""Records that are alike, counted by the database."""

from collections.abc import Iterable
from typing import NamedTuple


class Alike(NamedTuple):
    #: the number of a stretch of time
    stretch: int
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

"""Sessions that are looked for by how they ended and where: what may be asked for, and a page of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a session ended, by the outcome that its records have, or by the middle of their outcomes."""

    #: above zero
    GOOD = "good"
    #: below zero
    BAD = "bad"
    #: zero
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsWanted:
    """Whatever is left out, or empty, chooses nothing."""

    outcome: Ending | None = None
    #: its path
    project: str = ""
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionPage:
    #: sessions that match the question, on this page or not
    total: int
    #: the newest first
    session_ids: tuple[str, ...]
    #: how many sessions there are of each, whatever was asked for
    outcomes: Mapping[Ending, int]
    #: how many there are of each project that is known, in the order of the paths
    projects: Mapping[str, int]

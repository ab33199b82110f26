"""Learnings that always travel together: no experiment and no observation can tell which of them it was (specification, *Health*)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

#: with fewer common sessions it may be chance
_ENOUGH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Companions:
    #: the two, in alphabetical order
    learning_id: str
    other_id: str
    #: of the sessions that injected one of the two, the share that injected both
    share: float
    sessions: int


def companions(sessions: Iterable[frozenset[str]], *, threshold: float = 0.95) -> tuple[Companions, ...]:
    """The pairs that share at least `threshold`, closest first; each session is the set of learnings that were injected into it.

    Grows with the square of the learnings a session has: give it the recent sessions, not all.
    """
    alone: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for injected in sessions:
        alone.update(injected)
        both.update(combinations(sorted(injected), 2))
    found = [
        Companions(learning_id=one, other_id=other, share=n / (alone[one] + alone[other] - n), sessions=n)
        for (one, other), n in both.items()
        if n >= _ENOUGH and n >= threshold * (alone[one] + alone[other] - n)
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.learning_id, pair.other_id)))

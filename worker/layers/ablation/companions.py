"""Learnings that always travel together: no experiment and no observation can tell which of them it was (experiments.md 12)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

#: with fewer common sessions it may be chance
ENOUGH = 20
#: of the sessions of two learnings, the share from which on they always travel together
SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Companion:
    """A learning that was injected wherever another one was, and nowhere else."""

    learning_id: str
    #: of the sessions that injected one of the two, the share that injected both
    share: float


def companions(
    *, sessions: int, together: Mapping[str, int], instead: Mapping[str, int], threshold: float = SHARE
) -> tuple[Companion, ...]:
    """The others that share at least `threshold` with one learning, closest first.

    Of the sessions where that learning was eligible: `sessions` had it injected, `together` says in how many of these each other one
    was injected as well, `instead` in how many of the rest. Where one of the two is randomised, `instead` tells them apart.
    """
    shares = {other: n / (sessions + instead.get(other, 0)) for other, n in together.items() if n >= ENOUGH}
    found = [Companion(learning_id=other, share=share) for other, share in shares.items() if share >= threshold]
    return tuple(sorted(found, key=lambda companion: (-companion.share, companion.learning_id)))


def most_missed(sessions: int) -> int:
    """A companion is missing in no more of a learning's sessions."""
    return sessions - math.ceil(SHARE * sessions) + 1

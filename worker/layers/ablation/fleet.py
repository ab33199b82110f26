"""What all learnings together say about each: the variance of outcomes that their experiments share (statistics.md 6)."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from worker.layers.ablation.arms import Arm, arm
from worker.layers.statistics.sums import LearningSums

#: before any experiment: a variance of outcomes, and the degrees of freedom that it counts for
_PRIOR_VARIANCE = 0.55
_PRIOR_DF = 20


class Fleet(NamedTuple):
    """As of the last refresh; a new record does not move it."""

    #: v, variance of outcomes within an arm, in outcome units squared, rounded to 6 decimals
    variance: float = _PRIOR_VARIANCE
    #: learnings with randomised records in their current epoch
    tested: int = 0
    #: of these, how many the evidence removes
    removable: int = 0


def fleet_variance(sums: Iterable[LearningSums], *, floor: float) -> float:
    """Pooled over every learning that has both arms and n₁ + n₀ > 2, rounded to 6 decimals; no order of them changes a digit."""
    squares, degrees = [], []
    for one in sums:
        with_, without = arm(one, was_withheld=False), arm(one, was_withheld=True)
        if is_comparable(with_, without):
            squares += [with_.squares, without.squares]
            degrees.append(with_.n + without.n - 2)
    known = math.fsum((*squares, _PRIOR_VARIANCE * _PRIOR_DF))
    return round(max(floor, known / math.fsum((*degrees, _PRIOR_DF))), 6)


def is_comparable(with_: Arm, without: Arm) -> bool:
    """Both arms have records, and there is something to estimate a variance from."""
    return bool(with_.records and without.records) and with_.n + without.n > 2

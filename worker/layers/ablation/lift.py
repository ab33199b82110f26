"""Does injecting a learning make the assistant do it more often, or would it do it anyway? (experiments.md 11)"""

import math
from typing import NamedTuple

from worker.domain import ActivationLift
from worker.layers.statistics.sums import MICRO, LearningSums

#: Φ⁻¹(0.975)
_Z = 1.959963984540054


class _Share(NamedTuple):
    value: float
    low: float
    high: float


def activation_lift(sums: LearningSums) -> ActivationLift | None:
    """Newcombe's interval, per p and weighted by p(1 − p)·n; None where no p has both arms."""
    strata = [(weight, *difference) for weight, difference in _strata(sums)]
    total = sum(weight for weight, *_ in strata)
    if not total:
        return None
    lift = sum(weight * value for weight, value, _, _ in strata) / total
    below = math.hypot(*(weight * (value - low) for weight, value, low, _ in strata)) / total
    above = math.hypot(*(weight * (high - value) for weight, value, _, high in strata)) / total
    return ActivationLift(lift=lift, low=max(lift - below, -1.0), high=min(lift + above, 1.0))


def _strata(sums: LearningSums) -> list[tuple[float, _Share]]:
    """(weight, difference of shares) per p, in ascending p."""
    counts: dict[int, list[int]] = {}
    for cell, count in sums.arms.items():
        of = counts.setdefault(cell.p_micro, [0, 0, 0, 0])
        of[2 * cell.was_withheld] += count.records
        of[2 * cell.was_withheld + 1] += count.activated
    return [
        (
            p * (MICRO - p) / MICRO**2 * (with_ + without),
            _newcombe(_wilson(used_with, with_), _wilson(used_without, without)),
        )
        for p, (with_, used_with, without, used_without) in sorted(counts.items())
        if with_ and without
    ]


def _wilson(successes: int, n: int) -> _Share:
    share = successes / n
    scale = 1 + _Z * _Z / n
    middle = (share + _Z * _Z / (2 * n)) / scale
    half = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n)) / scale
    return _Share(share, middle - half, middle + half)


def _newcombe(with_: _Share, without: _Share) -> _Share:
    difference = with_.value - without.value
    low = difference - math.hypot(with_.value - with_.low, without.high - without.value)
    high = difference + math.hypot(with_.high - with_.value, without.value - without.low)
    return _Share(difference, low, high)

"""Activation lift: how much more often a learning is used when it is injected."""

import pytest

from worker.layers.ablation.lift import activation_lift
from worker.layers.statistics.sums import Cell, Count, LearningSums


def sums(*cells: tuple[bool, int, int, int]) -> LearningSums:
    """(was withheld, p in percent, records, activated), all at one outcome."""
    return LearningSums.of_cells({Cell(withheld, p * 10**4, 1000): Count(n, used) for withheld, p, n, used in cells})


def test_newcombes_published_example() -> None:
    """56/70 against 48/80 gives 0.2 with [0.0524, 0.3339] (Newcombe 1998, table II, method 10)."""
    lift = activation_lift(sums((False, 10, 70, 56), (True, 10, 80, 48)))
    assert lift is not None
    assert (lift.lift, lift.low, lift.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_several_chances_are_weighed_by_overlap() -> None:
    """Weights p(1 − p)·n: 0.09 · 200 and 0.25 · 100; the interval is narrower than that of either."""
    first, second = ((False, 10, 180, 90), (True, 10, 20, 5)), ((False, 50, 50, 40), (True, 50, 50, 40))
    both = activation_lift(sums(*first, *second))
    one, other = activation_lift(sums(*first)), activation_lift(sums(*second))
    assert both is not None
    assert one is not None
    assert other is not None
    assert both.lift == pytest.approx((18 * 0.25 + 25 * 0.0) / 43)
    assert both.high - both.low < min(one.high - one.low, other.high - other.low)


def test_a_chance_with_one_arm_only_says_nothing() -> None:
    """It takes both arms; None without any such chance."""
    assert activation_lift(sums((False, 10, 70, 56))) is None
    assert activation_lift(LearningSums()) is None
    paired = ((False, 10, 70, 56), (True, 10, 80, 48))
    assert activation_lift(sums(*paired, (True, 50, 10, 10))) == activation_lift(sums(*paired))


def test_the_lift_stays_within_its_bounds() -> None:
    """Always used when injected, never otherwise."""
    lift = activation_lift(sums((False, 50, 40, 40), (True, 50, 40, 0)))
    assert lift is not None
    assert (lift.lift, lift.high <= 1.0, lift.low > 0.8) == (1.0, True, True)

"""The normal distribution and Welch's test against an independent library."""

import numpy as np
import pytest
from scipy import stats
from unit.layers.worlds import OUTCOMES, arms

from worker.layers.ablation.arms import arm
from worker.layers.ablation.welch import UNDEFINED, Welch, welch
from worker.layers.statistics.distributions import normal_cdf
from worker.layers.statistics.sums import LearningSums


@pytest.mark.parametrize("z", [-6.0, -1.5, 0.0, 0.3, 2.5])
def test_the_normal_distribution(z: float) -> None:
    """Φ, also far from its middle."""
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)


@pytest.mark.filterwarnings("ignore:Precision loss")  # the library, of an arm without variation
@pytest.mark.parametrize(
    ("with_", "without"),
    [
        ((3, 2, 6, 9), (1, 4, 4, 2)),
        ((2, 0, 0, 2), (2, 0, 0, 2)),
        ((1, 0, 0, 1), (1, 0, 1, 0)),
        ((1, 0, 0, 1), (0, 0, 2, 0)),
    ],
)
def test_welch_is_the_librarys(with_: tuple[int, ...], without: tuple[int, ...]) -> None:
    """From two records per arm, with equal variances and with none in one arm."""
    expected = stats.ttest_ind(np.repeat(OUTCOMES, with_), np.repeat(OUTCOMES, without), equal_var=False)
    found = of(arms(with_, without))
    assert tuple(found) == pytest.approx((expected.statistic, expected.df, expected.pvalue))


@pytest.mark.parametrize(
    ("with_", "without"),
    [
        ((1, 0, 0, 0), (2, 0, 0, 3)),
        ((2, 0, 0, 3), (1, 0, 0, 0)),
        ((0, 0, 0, 4), (3, 0, 0, 0)),
        ((0, 0, 0, 0), (0, 0, 0, 0)),
    ],
)
def test_where_nothing_varies_nothing_is_said(with_: tuple[int, ...], without: tuple[int, ...]) -> None:
    """An arm of one record has no variance, and two arms without any have no scale."""
    assert of(arms(with_, without)) == UNDEFINED


def of(sums: LearningSums) -> Welch:
    return welch(arm(sums, was_withheld=False), arm(sums, was_withheld=True))

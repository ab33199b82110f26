"""Welch's t-test of the two arms: shown beside the result, never decided by (it may be looked at once, and people look often)."""

import math
from typing import NamedTuple

from worker.layers.ablation.arms import Arm
from worker.layers.statistics.distributions import t_two_sided


class Welch(NamedTuple):
    t: float
    df: float
    p: float


#: an arm of one record, or no variation at all
UNDEFINED = Welch(0.0, 0.0, 1.0)


def welch(with_: Arm, without: Arm) -> Welch:
    if with_.n <= 1 or without.n <= 1:
        return UNDEFINED
    a = with_.squares / (with_.n - 1) / with_.n
    b = without.squares / (without.n - 1) / without.n
    if a + b == 0:
        return UNDEFINED
    t = (with_.mean - without.mean) / math.sqrt(a + b)
    df = (a + b) ** 2 / (a * a / (with_.n - 1) + b * b / (without.n - 1))
    return Welch(t, df, t_two_sided(t, df))

"""The two arms of an experiment: sessions that had the learning injected and sessions that it was withheld from.

Only randomised sessions count, activated or not: looking at the activated ones alone would undo the randomisation. A record weighs
p (injected) or 1 − p (withheld), so sessions of different p do not mix their baselines into the difference; with one p the
weights cancel (statistics.md 4 and 6). What is compared is the outcome less what was to be expected of the session (14).
"""

from typing import NamedTuple

from worker.layers.statistics.moments import moments
from worker.layers.statistics.sums import MICRO, MILLI, LearningSums


class Arm(NamedTuple):
    #: how many there are; a forecast may hold a fraction
    records: float
    #: Σω and Σω²
    weight: float
    weight2: float
    #: effective size (Σω)² / Σω²
    n: float
    mean: float
    #: n · Σω²(r − mean)² / Σω²
    squares: float

    def grown(self, records: float, weight: float) -> "Arm":
        """The arm after so many more records of that weight each, mean and variance held; the arm is not empty."""
        total, total2 = self.weight + records * weight, self.weight2 + records * weight * weight
        n = max(total * total / total2, 1.0)  # a fraction of a record is no less than one
        squares = self.squares * (n - 1) / (self.n - 1) if self.n > 1 else 0.0
        return Arm(self.records + records, total, total2, n, self.mean, squares)


def arm(sums: LearningSums, *, was_withheld: bool) -> Arm:
    """In whole numbers until the last division: no digit depends on the order of records."""
    of = sums.without if was_withheld else sums.with_
    n, mean, squares = moments(w=of.w, wy=of.wr, w2=of.w2, w2y=of.w2r, w2y2=of.w2r2, unit=MILLI)
    return Arm(of.records, of.w / MICRO, of.w2 / MICRO**2, n, mean, squares)

"""Mean, effective size and sum of squares of a weighted sample, out of exact integer sums."""

from typing import NamedTuple

#: a sum of squares below this is no variation
_NOTHING = 1e-12


class Moments(NamedTuple):
    #: (Σω)² / Σω², the number of records where weights are equal; 0 for an empty sample
    n: float
    mean: float
    #: n · Σω²(y − mean)² / Σω², the ordinary sum of squares where weights are equal
    squares: float


EMPTY = Moments(0.0, 0.0, 0.0)


def moments(*, w: int, wy: int, w2: int, w2y: int, w2y2: int, unit: int) -> Moments:
    """Moments from Σω, Σωy, Σω², Σω²y and Σω²y², the y in whole 1/`unit`; the scale of ω cancels.

    Integers to the last division, so equal observations have a variance of exactly 0 and no digit depends on an order.
    """
    if not w:
        return EMPTY
    spread = w * w * w2y2 - 2 * w * wy * w2y + wy * wy * w2
    squares = spread / (w2 * w2 * unit * unit)
    return Moments(w * w / w2, wy / (w * unit), squares if squares >= _NOTHING else 0.0)

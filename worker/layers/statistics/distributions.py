"""The few probability distributions that the statistics need, safe far out in the tails.

SciPy is loaded on first use only: a process that computes no value does not wait for it.
"""

import math

_SQRT2 = math.sqrt(2)
#: below this `erfc` leaves the range of normal floating-point numbers
_DEEP_TAIL = -37.0


def normal_cdf(z: float) -> float:
    """Φ(z)."""
    return 0.5 * math.erfc(-z / _SQRT2)


def log_normal_cdf(z: float) -> float:
    """Logarithm of Φ(z); finite for any finite z."""
    if z > 0:
        return math.log1p(-0.5 * math.erfc(z / _SQRT2))
    if z > _DEEP_TAIL:
        return math.log(0.5 * math.erfc(-z / _SQRT2))
    from scipy.special import log_ndtr

    return float(log_ndtr(z))


def two_sided_normal(z: float) -> float:
    """2Φ(|z|) − 1: the chance that the sign is right, stretched to [0, 1]."""
    return math.erf(abs(z) / _SQRT2)


def t_two_sided(t: float, df: float) -> float:
    """P(|T| ≥ |t|) with `df` degrees of freedom, not necessarily whole."""
    from scipy.special import stdtr

    return 2 * float(stdtr(df, -abs(t)))


def chi_square_tail(statistic: float, df: int) -> float:
    """P(χ² ≥ statistic)."""
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))

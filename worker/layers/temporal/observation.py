"""What the signals after a learning's uses say about it, compared with those after all learnings' uses (statistics.md 5 and 8).

It is only an observation: a learning used in hard sessions looks bad however many there are. So its confidence is capped, it
shrinks as the experiment concludes, and its `z` may direct the experiment but never decide.
"""

import math
from typing import NamedTuple

from worker.layers.statistics.moments import Moments, moments
from worker.layers.statistics.sums import NANO, TemporalSums

#: for `z`: variance that is taken for granted, and the records it counts for
_PRIOR_VARIANCE = 0.3
_PRIOR_RECORDS = 5


class Observation(NamedTuple):
    #: shrunk difference to the global mean, and n_act / (n_act + prior)
    value: float
    reliability: float
    #: the difference in standard errors; 0 where there is none
    z: float
    #: of the difference; 0 where there is none
    standard_error: float = 0.0


def observe(sums: TemporalSums, global_sums: TemporalSums, *, prior_sessions: float) -> Observation:
    if not sums.n_act:
        return Observation(0.0, 0.0, 0.0)
    reliability = sums.n_act / (sums.n_act + prior_sessions)
    if not sums.a or not global_sums.a:
        return Observation(0.0, reliability, 0.0)
    own = moments(w=sums.a, wy=sums.ab, w2=sums.a2, w2y=sums.a2b, w2y2=sums.a2b2, unit=NANO)
    difference = own.mean - global_sums.ab / (global_sums.a * NANO)
    error = _standard_error(own)
    return Observation(reliability * difference, reliability, difference / error, error)


def _standard_error(own: Moments) -> float:
    known = own.squares + _PRIOR_RECORDS * _PRIOR_VARIANCE
    return math.sqrt(known / ((max(own.n - 1, 0.0) + _PRIOR_RECORDS) * max(own.n, 1.0)))

"""How many sessions a verdict will take of something that has no records yet: a learning, or a section whose learnings are drawn together.

Effects are thought of as normal around 0 with standard deviation τ (statistics.md 6); those of k learnings together add up, so theirs have
τ√k: a section's verdict comes sooner, and says less about each. What such experiments would show is drawn many times over, look by look
(what they gather is a Brownian motion with the effect as its drift): half of them take longer than the median (experiments.md 13).
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from worker.domain import VerdictKind
from worker.layers.ablation.arms import Arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.posterior import posterior, variance
from worker.layers.aggregation.forecast import SESSIONS_NEEDED_CAP
from worker.layers.aggregation.removals import log_odds_needed
from worker.layers.aggregation.verdict import Evidence, assess
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters

#: experiments; their median is good to less than a tenth
_DRAWN = 400
#: sessions from one look to the next, as a share of those before
_STEP = 1.06
_NOTHING_SEEN = Observation(0.0, 0.0, 0.0)


@lru_cache(maxsize=64)
def sessions_to_first_verdict(
    *, together: int, parameters: LayerParameters, outcome_variance: float | None = None
) -> int | None:
    """The median over likely effects; None above the cap, or where nothing is withheld.

    `together`: learnings that are drawn as one; `outcome_variance`: of sessions' outcomes, None takes what is expected before any.
    Raises ValueError for less than one learning.
    """
    if together < 1:
        raise ValueError(f"at least one learning is drawn, not {together}")
    if not parameters.ablation.rate_in_force:
        return None
    fleet = Fleet() if outcome_variance is None else Fleet(max(outcome_variance, parameters.ablation.variance_floor))
    looks = tuple(_looks(fleet, parameters))
    # always the same numbers: asking again gives the same answer
    chance = random.Random(1)  # noqa: S311 - nothing secret
    spread = parameters.ablation.effect_prior_sd * math.sqrt(together)
    took = median(_experiment(spread * chance.gauss(), looks, chance, fleet, parameters) for _ in range(_DRAWN))
    return None if math.isinf(took) else math.ceil(took)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """After so many sessions, whatever they have shown: the arms at means of 0, and the variance of what they say."""

    sessions: int
    with_: Arm
    without: Arm
    variance: float


def _looks(fleet: Fleet, parameters: LayerParameters) -> Iterator[_Look]:
    p = parameters.ablation.rate_in_force
    sessions = math.ceil(parameters.ablation.min_sessions_per_arm / min(p, 1 - p))
    while sessions <= SESSIONS_NEEDED_CAP:
        with_, without = _arm(sessions * (1 - p), p, fleet), _arm(sessions * p, 1 - p, fleet)
        spread = variance(with_, without, parameters.ablation, fleet)
        yield _Look(sessions=sessions, with_=with_, without=without, variance=spread)
        sessions = max(sessions + 1, math.floor(sessions * _STEP))


def _arm(records: float, weight: float, fleet: Fleet) -> Arm:
    return Arm(records, records * weight, records * weight**2, records, 0.0, (records - 1) * fleet.variance)


def _experiment(
    effect: float, looks: tuple[_Look, ...], chance: random.Random, fleet: Fleet, parameters: LayerParameters
) -> float:
    """Sessions until its verdict; infinite where it comes to none."""
    information = gathered = 0.0
    for look in looks:
        more = 1 / look.variance - information
        gathered += effect * more + math.sqrt(max(more, 0.0)) * chance.gauss()
        information += more
        if _verdict(look, gathered / information, fleet, parameters) is not VerdictKind.UNDECIDED:
            return look.sessions
    return math.inf


def _verdict(look: _Look, difference: float, fleet: Fleet, parameters: LayerParameters) -> VerdictKind:
    shown = posterior(look.with_._replace(mean=difference), look.without, parameters.ablation, fleet)
    assert shown is not None, "both arms have records"
    evidence = Evidence.of(
        shown,
        smaller_arm=min(look.with_.records, look.without.records),
        log_odds_needed=log_odds_needed(fleet, parameters.aggregation),
    )
    return assess(evidence, observation=_NOTHING_SEEN, n_records=look.sessions, parameters=parameters).kind

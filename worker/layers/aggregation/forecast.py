"""How many more eligible sessions an experiment needs for a verdict, should it go on as it has gone so far.

Held at what they are today: the arms' variances, the observation and the chance of being withheld. The difference is held at an effect
that it may turn out to be (`effect_to_hold`): the observed one is mostly luck while the arms are small (experiments.md 13).
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from worker.domain import VerdictKind
from worker.layers.ablation.arms import Arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.posterior import Posterior, half_width, posterior, variance
from worker.layers.aggregation.removals import log_odds_needed
from worker.layers.aggregation.verdict import Evidence, assess
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters

#: a forecast beyond this is no forecast
SESSIONS_NEEDED_CAP = 10_000

#: middles of nine equally likely ranges of a standard normal variable; an odd number, so that there is a median
_LIKELY = tuple(NormalDist().inv_cdf((place + 0.5) / 9) for place in range(9))


def effect_to_hold(today: Posterior, *, margin: float) -> float:
    """The likely effect that takes the median number of sessions: half of the likely effects take longer."""
    effects = (today.shrunk + today.sd * z for z in _LIKELY)
    return sorted(effects, key=lambda effect: _half_width_needed(effect, margin))[len(_LIKELY) // 2]


def _half_width_needed(effect: float, margin: float) -> float:
    """Keep asks for low > −δ with a positive mean, harmful for high < 0, harmless for both ends within ±δ."""
    return effect + margin if effect > 0 else max(-effect, effect + margin)


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Forecast of an undecided experiment with records in both arms and 0 < `probability` < 1."""

    with_: Arm
    without: Arm
    observation: Observation
    fleet: Fleet
    n_records: int
    probability: float
    parameters: LayerParameters

    def sessions_needed(self) -> int | None:
        """The first number of further sessions that brings a verdict; None above the cap."""
        found = self._until_harm_is_proven(before=self._until_interval_decides())
        return found if found <= SESSIONS_NEEDED_CAP else None

    def kind_after(self, sessions: int) -> VerdictKind:
        with_, without = self._arms_after(sessions)
        after = posterior(with_, without, self.parameters.ablation, self.fleet)
        smaller_arm = min(with_.records, without.records)
        needed = log_odds_needed(self.fleet, self.parameters.aggregation)
        return assess(
            Evidence.of(after, smaller_arm=smaller_arm, log_odds_needed=needed)
            if after and sessions >= self._until_complete()
            else None,
            observation=self.observation,
            n_records=self.n_records + sessions,
            parameters=self.parameters,
        ).kind

    def _arms_after(self, sessions: int) -> tuple[Arm, Arm]:
        p = self.probability
        return self.with_.grown(sessions * (1 - p), p), self.without.grown(sessions * p, 1 - p)

    def _information(self, sessions: int) -> float:
        """It grows nearly evenly with the sessions: the inverse square of the interval's half width."""
        ablation = self.parameters.ablation
        return half_width(variance(*self._arms_after(sessions), ablation, self.fleet), ablation) ** -2

    def _until_complete(self) -> int:
        return self._until_both_arms_have(self.parameters.ablation.min_sessions_per_arm)

    def _until_both_arms_have(self, needed: int) -> int:
        p = self.probability
        return math.ceil(max(1.0, (needed - self.with_.records) / (1 - p), (needed - self.without.records) / p))

    def _until_interval_decides(self) -> int:
        """The interval narrows steadily; at most the cap + 1."""
        complete = self._until_complete()
        if complete > SESSIONS_NEEDED_CAP:
            return complete
        needed = _half_width_needed(self.with_.mean - self.without.mean, self.parameters.ablation.verdict_margin)
        return _first_above(needed**-2, self._information, complete, SESSIONS_NEEDED_CAP + 1)

    def _until_harm_is_proven(self, *, before: int) -> int:
        """Sessions until the deprecation rule, if it comes first: it may prove harm while the interval is still wide."""
        d, threshold = self.with_.mean - self.without.mean, self.parameters.aggregation.deprecation_threshold
        enough = max(
            self._until_complete(),
            self._until_both_arms_have(self.parameters.aggregation.min_sessions_per_arm_for_deprecation),
        )
        if d >= 0 or min(d, self.observation.value) >= threshold or before <= enough:
            return before
        if self.kind_after(before - 1) is not VerdictKind.REMOVE:
            return before
        return _first(lambda sessions: self.kind_after(sessions) is VerdictKind.REMOVE, enough, before - 1)


def _first(holds: Callable[[int], bool], low: int, end: int) -> int:
    """The smallest number in [low, end) from which on it holds; `end` where there is none."""
    return bisect_left(range(end), True, lo=low, key=holds)


def _first_above(wanted: float, of: Callable[[int], float], low: int, end: int) -> int:
    """`_first` in half the looks, for numbers that grow nearly evenly: by false position, an end that stays counting half (Illinois)."""
    high = end - 1
    below, above = of(low) - wanted, of(high) - wanted
    if below > 0:
        return low
    if above <= 0:
        return end
    stayed = 0
    while high - low > 1:
        share = below / (below - above)
        place = min(max(low + math.ceil(share * (high - low)), low + 1), high - 1)
        found = of(place) - wanted
        if found > 0:
            high, above = place, found
            below, stayed = (below / 2 if stayed > 0 else below), 1
        else:
            low, below = place, found
            above, stayed = (above / 2 if stayed < 0 else above), -1
    return high

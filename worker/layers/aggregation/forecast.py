"""How many more eligible sessions an experiment needs for a verdict, should it go on as it has gone so far.

Held at what they are today: the arms' variances, the observation and the chance of being withheld. The difference is held at an effect
that it may turn out to be (`effect_to_hold`): the observed one is mostly luck while the arms are small (docs/statistics.md).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from worker.domain import VerdictKind
from worker.layers.ablation.arms import Arm
from worker.layers.ablation.posterior import Posterior, half_width, posterior, variance
from worker.layers.aggregation.search import first_below
from worker.layers.aggregation.verdict import Evidence, assess
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters

#: a forecast beyond this is no forecast
SESSIONS_NEEDED_CAP = 10_000

#: middles of nine equally likely ranges of a standard normal variable; an odd number, so that there is a median
_LIKELY = tuple(NormalDist().inv_cdf((place + 0.5) / 9) for place in range(9))


def effect_to_hold(today: Posterior, *, margin: float) -> float:
    """Of the effects that it may turn out to be, the one that takes the median number of sessions: half of them take longer."""
    effects = (today.shrunk + today.sd * z for z in _LIKELY)
    return sorted(effects, key=lambda effect: _half_width_needed(effect, margin))[len(_LIKELY) // 2]


def _half_width_needed(effect: float, margin: float) -> float:
    """Keep asks for low > −δ with a positive mean, harmful for high < 0, harmless for both ends within ±δ."""
    return effect + margin if effect > 0 else max(-effect, effect + margin)


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Of an undecided experiment with records in both arms and 0 < `probability` < 1."""

    with_: Arm
    without: Arm
    observation: Observation
    n_records: int
    probability: float
    parameters: LayerParameters

    def sessions_needed(self) -> int | None:
        """The first number of further sessions that brings a verdict; None above the cap."""
        found = self._until_harm_is_proven(before=self._until_interval_decides())
        return found if found <= SESSIONS_NEEDED_CAP else None

    def kind_after(self, sessions: int) -> VerdictKind:
        after = posterior(*self._arms_after(sessions), self.parameters.ablation)
        return assess(
            Evidence.of(after) if after and sessions >= self._until_complete() else None,
            observation=self.observation,
            n_records=self.n_records + sessions,
            parameters=self.parameters,
        ).kind

    def _arms_after(self, sessions: int) -> tuple[Arm, Arm]:
        p = self.probability
        return self.with_.grown(sessions * (1 - p), p), self.without.grown(sessions * p, 1 - p)

    def _half_width(self, sessions: int) -> float:
        return half_width(variance(*self._arms_after(sessions), self.parameters.ablation), self.parameters.ablation)

    def _until_complete(self) -> int:
        needed, p = self.parameters.ablation.min_sessions_per_arm, self.probability
        return math.ceil(max(1.0, (needed - self.with_.records) / (1 - p), (needed - self.without.records) / p))

    def _until_interval_decides(self) -> int:
        """The interval narrows steadily; at most the cap + 1."""
        complete = self._until_complete()
        if complete > SESSIONS_NEEDED_CAP:
            return complete
        p = self.probability
        found = first_below(
            self._half_width,
            _half_width_needed(self.with_.mean - self.without.mean, self.parameters.ablation.verdict_margin),
            low=complete,
            high=SESSIONS_NEEDED_CAP,
            offset=min(self.with_.n / (1 - p), self.without.n / p),
        )
        return found or SESSIONS_NEEDED_CAP + 1

    def _until_harm_is_proven(self, *, before: int) -> int:
        """The same for the deprecation rule, if it comes first: it may prove a large harm while the interval is still wide."""
        below, above = self._until_complete() - 1, before
        d, threshold = self.with_.mean - self.without.mean, self.parameters.aggregation.deprecation_threshold
        if d >= 0 or min(d, self.observation.value) >= threshold or above - below <= 1:
            return before
        if self.kind_after(above - 1) is not VerdictKind.REMOVE:
            return before
        above -= 1
        while above - below > 1:
            middle = (below + above) // 2
            if self.kind_after(middle) is VerdictKind.REMOVE:
                above = middle
            else:
                below = middle
        return above

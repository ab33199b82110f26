"""Where a learning helps and where it hurts: its effect by project, user, assistant, model, kind of task (experiments.md 16).

Each group's effect is drawn towards the whole's. What differs from the rest is flagged by e-BH over all that is shown, and never a verdict:
nobody planned these questions beforehand.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from worker.layers.ablation.arms import Arm, arm
from worker.layers.ablation.fleet import Fleet, is_comparable
from worker.layers.ablation.posterior import log_evidence, posterior, variance
from worker.layers.aggregation.removals import removable
from worker.layers.statistics.sums import LearningSums, Weighed
from worker.settings.layers import LayerParameters

#: records in either arm below which a group is not shown
_FEW = 5
#: by which a group's effect is expected to differ from the whole's, as a share of τ
_BETWEEN = 0.5
#: of what is flagged by chance, at most
_SHARE = 0.2
#: Φ⁻¹(0.975)
_Z = 1.959963984540054


class Sample(NamedTuple):
    """One randomised record, as the experiment counts it."""

    levels: tuple[str, ...]
    was_withheld: bool
    #: in millionths
    omega: int
    #: outcome less what was to be expected, in thousandths
    residual: int

    @property
    def weighed(self) -> Weighed:
        return Weighed(self.was_withheld, self.omega, self.residual)


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupEffect:
    """A learning's effect in one group of sessions."""

    #: "project", "user", "harness", "model", "kind", "prompt_length"
    dimension: str
    group: str
    sessions_with: int
    sessions_without: int
    #: as it was observed
    difference: float
    #: drawn towards the whole's effect, with 95 % limits
    effect: float
    low: float
    high: float
    #: logarithm of the evidence that it differs from the effect in the rest of the sessions
    log_evidence: float
    #: the evidence holds among all groups that are shown: of those flagged, at most one in five is so by chance
    differs: bool


def breakdown(samples: Iterable[Sample], parameters: LayerParameters, fleet: Fleet) -> tuple[GroupEffect, ...]:
    """Groups with enough sessions in both arms and a rest to compare with, by dimension and name."""
    of_level: dict[str, Counter[Weighed]] = defaultdict(Counter)
    of_all: Counter[Weighed] = Counter()
    for sample in samples:
        weighed = sample.weighed
        of_all[weighed] += 1
        for level in sample.levels:
            of_level[level][weighed] += 1
    whole = LearningSums.of_weighed(of_all)
    groups = sorted((_named(level), level) for level in of_level)
    found = [
        effect
        for key, level in groups
        if (effect := _effect(key, LearningSums.of_weighed(of_level[level]), whole, parameters, fleet))
    ]
    k = removable([one.log_evidence for one in found], tested=len(found), share=_SHARE)
    needed = math.log(len(found) / (_SHARE * k)) if k else math.inf
    return tuple(replace(one, differs=one.log_evidence >= needed) for one in found)


def _named(level: str) -> tuple[str, str]:
    dimension, _, group = level.partition("=")
    return dimension, group


def _effect(
    key: tuple[str, str], sums: LearningSums, whole: LearningSums, parameters: LayerParameters, fleet: Fleet
) -> GroupEffect | None:
    group, rest = _arms(sums), _arms(whole - sums)
    all_ = posterior(*_arms(whole), parameters.ablation, fleet)
    if all_ is None or min(of.records for of in group) < _FEW or not is_comparable(*rest):
        return None
    v, v_rest = (variance(*arms, parameters.ablation, fleet) for arms in (group, rest))
    d, d_rest = (with_.mean - without.mean for with_, without in (group, rest))
    prior = all_.sd**2 + (_BETWEEN * parameters.ablation.effect_prior_sd) ** 2
    mean = (all_.shrunk * v + d * prior) / (v + prior)
    half = _Z * math.sqrt(v * prior / (v + prior))
    return GroupEffect(
        dimension=key[0],
        group=key[1],
        sessions_with=int(group[0].records),
        sessions_without=int(group[1].records),
        difference=d,
        effect=mean,
        low=mean - half,
        high=mean + half,
        log_evidence=log_evidence(d - d_rest, v + v_rest, prior_sd=parameters.ablation.effect_prior_sd),
        differs=False,
    )


def _arms(sums: LearningSums) -> tuple[Arm, Arm]:
    return arm(sums, was_withheld=False), arm(sums, was_withheld=True)

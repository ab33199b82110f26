"""What to do about a learning, as far as its experiment can say (statistics.md 9, experiments.md 11).

`assess` judges the evidence of today; a forecast asks it about the evidence to come.
"""

from typing import NamedTuple, Self

from worker.domain import Verdict, VerdictKind
from worker.layers.ablation.posterior import Posterior
from worker.layers.aggregation.estimate import Estimate, combine, is_proven_harmful, temporal_estimate
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters

_WORDS = {
    VerdictKind.REMOVE: "harm is proven, and by estimate it is large",
    VerdictKind.HARMFUL: "it harms, though how much is not yet sure: a person may decide",
    VerdictKind.KEEP: "removing it would not pay",
    VerdictKind.HARMLESS: "its effect is too small to matter: it costs only its tokens",
}


class Evidence(NamedTuple):
    """A complete experiment, as far as a verdict needs it."""

    mean: float
    confidence: float
    low: float
    high: float
    log_bf_harm: float
    #: records in the arm that has fewer; a forecast may hold a fraction
    smaller_arm: float
    #: what `log_bf_harm` must reach for a removal
    log_odds_needed: float

    @classmethod
    def of(cls, posterior: Posterior, *, smaller_arm: float, log_odds_needed: float) -> Self:
        p = posterior
        return cls(p.shrunk, p.confidence, p.low, p.high, p.log_bf_harm, smaller_arm, log_odds_needed)


class Assessment(NamedTuple):
    kind: VerdictKind
    estimate: Estimate
    temporal: Estimate


def assess(
    evidence: Evidence | None, *, observation: Observation, n_records: int, parameters: LayerParameters
) -> Assessment:
    """`evidence` is None until the experiment is complete: then there is an estimate, but no verdict."""
    temporal = temporal_estimate(
        observation, ablation_confidence=evidence.confidence if evidence else 0.0, parameters=parameters.aggregation
    )
    ablation = Estimate(evidence.mean, evidence.confidence) if evidence else None
    estimate = combine(temporal, ablation, parameters.aggregation)
    if evidence is None:
        return Assessment(VerdictKind.UNDECIDED, estimate, temporal)
    if is_proven_harmful(
        estimate,
        n_records=n_records,
        smaller_arm=evidence.smaller_arm,
        log_bf_harm=evidence.log_bf_harm,
        log_odds_needed=evidence.log_odds_needed,
        parameters=parameters.aggregation,
    ):
        return Assessment(VerdictKind.REMOVE, estimate, temporal)
    return Assessment(_by_interval(evidence, margin=parameters.ablation.verdict_margin), estimate, temporal)


def _by_interval(evidence: Evidence, *, margin: float) -> VerdictKind:
    if evidence.high < 0:
        return VerdictKind.HARMFUL
    if evidence.low > -margin:
        if evidence.mean > 0:
            return VerdictKind.KEEP
        if evidence.high < margin:
            return VerdictKind.HARMLESS
    return VerdictKind.UNDECIDED


def decided(kind: VerdictKind, evidence: Evidence) -> Verdict:
    effect = f"its effect lies between {evidence.low:+.2f} and {evidence.high:+.2f}"
    return Verdict(kind=kind, sessions_needed=0, reason=f"{_WORDS[kind]} ({effect})")


def undecided(reason: str, *, sessions_needed: int | None = None) -> Verdict:
    return Verdict(kind=VerdictKind.UNDECIDED, sessions_needed=sessions_needed, reason=reason)

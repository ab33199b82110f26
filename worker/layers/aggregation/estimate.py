"""Observation and experiment combined into one value, and the rule by which a value ends a learning (statistics.md 7 and 9)."""

from typing import NamedTuple

from worker.layers.temporal.observation import Observation
from worker.settings.layers import AggregationParameters


class Estimate(NamedTuple):
    #: expected effect on a session's outcome, in outcome units
    value: float
    #: in [0, 1]
    confidence: float


NOTHING = Estimate(0.0, 0.0)


def combine(temporal: Estimate, ablation: Estimate | None, parameters: AggregationParameters) -> Estimate:
    """Means of values and of confidences, weighted by confidence; (0, 0) where nothing is known."""
    experiment = ablation or NOTHING
    observed = parameters.temporal_weight * temporal.confidence
    randomised = parameters.ablation_weight * experiment.confidence
    total = observed + randomised
    if not total:
        return NOTHING
    return Estimate(
        (observed * temporal.value + randomised * experiment.value) / total,
        (observed * temporal.confidence + randomised * experiment.confidence) / total,
    )


def temporal_estimate(
    observation: Observation, *, ablation_confidence: float, parameters: AggregationParameters
) -> Estimate:
    """The observation's part: never above the cap, and less as the experiment concludes."""
    confidence = parameters.temporal_confidence_cap * observation.reliability * (1 - ablation_confidence)
    return Estimate(observation.value, confidence)


def is_proven_harmful(
    estimate: Estimate,
    *,
    n_records: int,
    smaller_arm: float,
    log_bf_harm: float,
    log_odds_needed: float,
    parameters: AggregationParameters,
) -> bool:
    """The deprecation rule, of a complete experiment."""
    return (
        smaller_arm >= parameters.min_sessions_per_arm_for_deprecation
        and estimate.value < parameters.deprecation_threshold
        and estimate.confidence > parameters.deprecation_confidence
        and n_records >= parameters.min_sessions_for_deprecation
        and log_bf_harm >= log_odds_needed
    )

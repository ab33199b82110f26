"""Layer 4: what a learning is worth over all sessions, as a pure function of exact sums and people's decisions.

The formulas: statistics.md 5 to 9, experiments.md 11.
"""

import math
from collections.abc import Collection
from dataclasses import replace

from worker.domain import ExperimentResult, LearningValue, Standing, Verdict, VerdictKind
from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet, fleet_variance
from worker.layers.ablation.lift import activation_lift
from worker.layers.ablation.posterior import posterior
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.forecast import SESSIONS_NEEDED_CAP, Forecast, effect_to_hold
from worker.layers.aggregation.removals import log_odds_needed, removable
from worker.layers.aggregation.status import status, status_reason
from worker.layers.aggregation.verdict import Evidence, assess, decided, undecided
from worker.layers.protocols import AblationStrategy
from worker.layers.statistics.sums import LearningSums, TemporalSums
from worker.layers.temporal.observation import Observation, observe
from worker.settings.layers import LayerParameters


class WeightedAggregator:
    """Observation and experiment weighted by their confidence; only a complete experiment can end a learning."""

    def __init__(self, parameters: LayerParameters | None = None, ablation: AblationStrategy | None = None) -> None:
        self._parameters = parameters or LayerParameters()
        self._ablation = ablation or ConservativeAblation(self._parameters.ablation)

    def value(
        self, *, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet, standing: Standing, updated_at: int
    ) -> LearningValue:
        prior = self._parameters.aggregation.temporal_prior_sessions
        observation = observe(sums.temporal, global_sums, prior_sessions=prior)
        value = self._judged(sums, observation, fleet, standing, updated_at)
        probability = self._ablation.next_probability(
            value=value, sums=sums, global_sums=global_sums, fleet=fleet, standing=standing
        )
        if value.verdict.kind is not VerdictKind.UNDECIDED:
            return replace(value, next_withhold_probability=probability)
        if standing.drawn_with:
            verdict = undecided("it is injected or withheld with its section, which has the verdict")
        else:
            verdict = self._undecided(sums, observation, fleet, probability)
        return replace(value, next_withhold_probability=probability, verdict=verdict)

    def fleet(self, sums: Collection[LearningSums], global_sums: TemporalSums) -> Fleet:
        variance = fleet_variance(sums, floor=self._parameters.ablation.variance_floor)
        tested = [one for one in sums if one.with_.records or one.without.records]
        alone = Fleet(variance=variance, tested=len(tested))
        odds = [found for one in tested if (found := self._log_odds(one, global_sums, alone)) is not None]
        share = self._parameters.aggregation.false_removals
        return alone._replace(removable=removable(odds, tested=len(tested), share=share) if share else 0)

    def _log_odds(self, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet) -> float | None:
        """For harm; None where another condition of a removal does not hold."""
        evidence = _evidence(self._result(sums, fleet), sums, log_odds_needed=-math.inf)
        prior = self._parameters.aggregation.temporal_prior_sessions
        observation = observe(sums.temporal, global_sums, prior_sessions=prior)
        found = assess(evidence, observation=observation, n_records=sums.n_records, parameters=self._parameters)
        return evidence.log_bf_harm if evidence and found.kind is VerdictKind.REMOVE else None

    def _judged(
        self, sums: LearningSums, observation: Observation, fleet: Fleet, standing: Standing, updated_at: int
    ) -> LearningValue:
        """All but what comes next: the chance of being withheld, and the forecast that depends on it."""
        experiment = self._result(sums, fleet)
        needed = log_odds_needed(fleet, self._parameters.aggregation)
        evidence = _evidence(experiment, sums, log_odds_needed=needed)
        found = assess(evidence, observation=observation, n_records=sums.n_records, parameters=self._parameters)
        verdict = (
            decided(found.kind, evidence)
            if evidence and found.kind is not VerdictKind.UNDECIDED
            else Verdict(kind=found.kind)
        )
        lives = status(found.kind, standing)
        return LearningValue(
            learning_id=standing.learning_id,
            estimated_value=found.estimate.value,
            confidence=found.estimate.confidence,
            session_count=sums.n_records,
            activation_rate=sums.temporal.n_act / sums.n_injected if sums.n_injected else 0.0,
            temporal_value=found.temporal.value,
            temporal_confidence=found.temporal.confidence,
            ablation_value=experiment.shrunk_value if experiment else None,
            ablation_confidence=experiment.confidence if experiment else None,
            status=lives,
            status_reason=status_reason(lives, standing, verdict.reason),
            updated_at=updated_at,
            verdict=verdict,
            experiment=experiment,
            lift=activation_lift(sums),
            sessions_with=sums.n_randomised(was_withheld=False),
            sessions_without=sums.n_randomised(was_withheld=True),
            pinned=standing.is_pinned,
            epoch=standing.epoch,
            log_odds_needed=needed,
        )

    def _result(self, sums: LearningSums, fleet: Fleet) -> ExperimentResult | None:
        """An experiment that is not complete has none."""
        if not self._ablation.is_experiment_complete(sums):
            return None
        return self._ablation.compute_marginal_value(sums, fleet)

    def _undecided(self, sums: LearningSums, observation: Observation, fleet: Fleet, probability: float) -> Verdict:
        if not probability:
            return undecided("no experiment runs")
        with_, without = arm(sums, was_withheld=False), arm(sums, was_withheld=True)
        today = posterior(with_, without, self._parameters.ablation, fleet)
        if today is None:
            return undecided("too early for a forecast: both arms need sessions first")
        margin = self._parameters.ablation.verdict_margin
        needed = Forecast(
            with_=with_._replace(mean=without.mean + effect_to_hold(today, margin=margin)),
            without=without,
            observation=observation,
            fleet=fleet,
            n_records=sums.n_records,
            probability=probability,
            parameters=self._parameters,
        ).sessions_needed()
        amount = f"over {SESSIONS_NEEDED_CAP:,}" if needed is None else f"about {needed:,}"
        return undecided(f"{amount} more eligible sessions, going by those so far", sessions_needed=needed)


def _evidence(experiment: ExperimentResult | None, sums: LearningSums, *, log_odds_needed: float) -> Evidence | None:
    if experiment is None:
        return None
    return Evidence(
        experiment.shrunk_value,
        experiment.confidence,
        experiment.interval_low,
        experiment.interval_high,
        experiment.log_bf_harm,
        min(sums.with_.records, sums.without.records),
        log_odds_needed,
    )

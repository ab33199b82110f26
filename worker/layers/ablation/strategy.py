"""Layer 3: what happens to sessions that a learning is withheld from, and when to withhold it (statistics.md 2, 6 and 8)."""

from worker.domain import ExperimentResult, LearningStatus, LearningValue, Standing, VerdictKind
from worker.layers.ablation import assignment
from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.posterior import Posterior, posterior
from worker.layers.ablation.rates import open_rate
from worker.layers.ablation.welch import welch
from worker.layers.statistics.distributions import normal_cdf
from worker.layers.statistics.sums import LearningSums, TemporalSums
from worker.layers.temporal.observation import observe
from worker.settings.layers import AblationParameters

_NEVER_WITHHELD = {LearningStatus.DISABLED, LearningStatus.DEPRECATED}
_SETTLED = {VerdictKind.KEEP, VerdictKind.HARMLESS}
#: the temporal prior does not enter the suspicion's z
_NO_PRIOR = 0.0


class ConservativeAblation:
    """Withholds rarely, more often while a verdict is within reach or harm is suspected, and no more once the answer is in."""

    def __init__(self, parameters: AblationParameters | None = None) -> None:
        self._parameters = parameters or AblationParameters()

    def should_withhold(self, *, learning_id: str, session_id: str, probability: float) -> bool:
        return assignment.is_withheld(
            salt=self._parameters.salt, learning_id=learning_id, session_id=session_id, probability=probability
        )

    def is_experiment_complete(self, sums: LearningSums) -> bool:
        needed = self._parameters.min_sessions_per_arm
        return sums.n_randomised(was_withheld=False) >= needed and sums.n_randomised(was_withheld=True) >= needed

    def compute_marginal_value(self, sums: LearningSums, fleet: Fleet) -> ExperimentResult | None:
        with_, without = arm(sums, was_withheld=False), arm(sums, was_withheld=True)
        found = posterior(with_, without, self._parameters, fleet)
        if found is None:
            return None
        needed = self._parameters.min_sessions_per_arm
        is_complete = min(with_.records, without.records) >= needed
        diagnostic = welch(with_, without)
        return ExperimentResult(
            marginal_value=found.difference,
            variance=found.variance,
            shrunk_value=found.shrunk,
            confidence=found.confidence,
            p_anytime=found.p_anytime,
            interval_low=found.low,
            interval_high=found.high,
            log_bf_harm=found.log_bf_harm,
            z=found.z,
            is_complete=is_complete,
            is_significant=is_complete and found.p_anytime < self._parameters.significance_level,
            p_welch=diagnostic.p,
            t_welch=diagnostic.t,
            df_welch=diagnostic.df,
        )

    def next_probability(
        self,
        *,
        value: LearningValue,
        sums: LearningSums,
        global_sums: TemporalSums,
        fleet: Fleet,
        standing: Standing,
    ) -> float:
        settled = value.verdict.kind in _SETTLED
        if not self._parameters.enabled or value.status in _NEVER_WITHHELD or settled or standing.drawn_with:
            return 0.0  # by itself: its section may withhold it
        if standing.on_trial and value.verdict.kind is VerdictKind.UNDECIDED:
            return self._parameters.suspect_rate
        # at a rate of 0 only what a person tries is withheld
        return self._open_rate(value, sums, global_sums, fleet) if self._parameters.rate else 0.0

    def _open_rate(self, value: LearningValue, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet) -> float:
        found = posterior(arm(sums, was_withheld=False), arm(sums, was_withheld=True), self._parameters, fleet)
        return open_rate(
            self._parameters,
            withheld=value.sessions_without,
            mean=found.shrunk if found else 0.0,
            sd=found.sd if found else self._parameters.effect_prior_sd,
            is_suspect=self._suspects_harm(value, sums, global_sums, found),
        )

    def _suspects_harm(
        self, value: LearningValue, sums: LearningSums, global_sums: TemporalSums, found: Posterior | None
    ) -> bool:
        """By the experiment so far; while it has said little, by what was observed after the learning's uses too."""
        harm = normal_cdf(-found.z) if found else 0.5
        if harm > 0.8:
            return True
        if sums.temporal.n_act < 5 or (value.sessions_without >= 10 and harm < 0.5):
            return False
        return observe(sums.temporal, global_sums, prior_sessions=_NO_PRIOR).z < -1.5

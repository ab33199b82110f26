"""Layer 3: what happens to sessions that a learning is withheld from, and when to withhold it (statistics.md 2, 6 and 8)."""

from worker.domain import ExperimentResult, LearningStatus, LearningValue, Standing, VerdictKind
from worker.layers.ablation import assignment
from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.posterior import posterior
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
    """Withholds rarely, half of the time under suspicion of harm, and no more once the answer is in."""

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
        on_trial = standing.on_trial and value.verdict.kind is VerdictKind.UNDECIDED
        if on_trial or self._suspects_harm(value, sums, global_sums, fleet):
            return self._parameters.suspect_rate
        return self._parameters.rate_in_force

    def _suspects_harm(self, value: LearningValue, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet) -> bool:
        """By the experiment so far; while it has said little, by what was observed after the learning's uses too."""
        withheld = value.sessions_without
        harm = self._chance_of_harm(value, sums, fleet) if withheld >= 5 else 0.5
        if harm > 0.8:
            return True
        if sums.temporal.n_act < 5 or (withheld >= 10 and harm < 0.5):
            return False
        return observe(sums.temporal, global_sums, prior_sessions=_NO_PRIOR).z < -1.5

    def _chance_of_harm(self, value: LearningValue, sums: LearningSums, fleet: Fleet) -> float:
        """Φ(−z); one half where the arms say nothing yet."""
        if value.experiment:
            return normal_cdf(-value.experiment.z)
        found = posterior(arm(sums, was_withheld=False), arm(sums, was_withheld=True), self._parameters, fleet)
        return normal_cdf(-found.z) if found else 0.5

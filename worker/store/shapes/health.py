"""Whether an experiment can be trusted."""

from dataclasses import dataclass

from worker.layers.ablation.companions import Companion
from worker.layers.ablation.experiment_health import ExperimentHealth


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningHealth:
    """Whether a learning's experiment can be trusted."""

    learning_id: str
    experiment: ExperimentHealth
    companions: tuple[Companion, ...] = ()

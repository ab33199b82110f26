"""The four layers' interfaces. Each has one default implementation, built in `resources.py` from the settings."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from worker.domain import (
    Activation,
    ExperimentResult,
    LearningValue,
    Signal,
    Standing,
    TemporalCorrelation,
)
from worker.layers.ablation.fleet import Fleet
from worker.layers.statistics.sums import LearningSums, TemporalSums

if TYPE_CHECKING:
    # with it comes numpy, and who only asks the store needs none
    from worker.layers.activation.evidence import SessionEvidence


class ActivationDetector(Protocol):
    def detect(self, learning_id: str, insights: Mapping[str, str], evidence: "SessionEvidence") -> Activation:
        """Did the session use the learning, how sure is that, and where?

        `insights`: the texts of the session's known learnings, by id. Deterministic: the same arguments give the same answer on
        any worker. Raises `LearningFailed` when either of them does not hold the learning.
        """
        ...


class TemporalCorrelator(Protocol):
    def correlate(self, points: tuple[int, ...], signals: tuple[Signal, ...]) -> TemporalCorrelation:
        """Weigh the signals that followed the uses at `points` (message indices, ascending); statistics.md 3."""
        ...


class AblationStrategy(Protocol):
    def should_withhold(self, *, learning_id: str, session_id: str, probability: float) -> bool:
        """Decide by hash, so that asking again gives the same answer; statistics.md 2."""
        ...

    def next_probability(
        self,
        *,
        value: LearningValue,
        sums: LearningSums,
        global_sums: TemporalSums,
        fleet: Fleet,
        standing: Standing,
    ) -> float:
        """Chance with which the next session withholds the learning; statistics.md 8."""
        ...

    def compute_marginal_value(self, sums: LearningSums, fleet: Fleet) -> ExperimentResult | None:
        """The arms' statistics, complete or not; None where they cannot be computed; statistics.md 6."""
        ...

    def is_experiment_complete(self, sums: LearningSums) -> bool: ...


class ValueAggregator(Protocol):
    def fleet(self, sums: Collection[LearningSums], global_sums: TemporalSums) -> Fleet:
        """What all learnings share, made of their current epochs' sums in any order; statistics.md 6 and 9."""
        ...

    def value(
        self, *, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet, standing: Standing, updated_at: int
    ) -> LearningValue:
        """Everything that is known about a learning, from exact sums and people's decisions alone; statistics.md 5 to 9, experiments.md 11.

        `global_sums` are the temporal sums over all learnings' current epochs, this one's included; `fleet` is what the last refresh
        made of all experiments.
        """
        ...

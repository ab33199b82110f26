"""Values of learnings whose use leaves no trace: sessions in which none was seen say nothing, so they count nowhere as not used."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from worker.domain import LearningValue, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.protocols import ValueAggregator
from worker.layers.statistics.sums import LearningSums, TemporalSums


@dataclass(frozen=True, slots=True)
class Told:
    """A value aggregator for one learning."""

    aggregation: ValueAggregator
    leaves_trace: bool

    def fleet(self, sums: Collection[LearningSums], global_sums: TemporalSums) -> Fleet:
        return self.aggregation.fleet(sums, global_sums)

    def value(
        self, *, sums: LearningSums, global_sums: TemporalSums, fleet: Fleet, standing: Standing, updated_at: int
    ) -> LearningValue:
        """Of a learning that leaves no trace, the sessions that are known are those with a use: the whole rate, and no lift."""
        value = self.aggregation.value(
            sums=sums, global_sums=global_sums, fleet=fleet, standing=standing, updated_at=updated_at
        )
        if self.leaves_trace:
            return value
        return replace(value, can_tell=False, activation_rate=float(sums.temporal.n_act > 0), lift=None)

"""Values from the sums in force, computed again only when what they rest on has changed."""

from worker.domain import LearningValue, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.protocols import ValueAggregator
from worker.layers.statistics.sums import TemporalSums
from worker.store.cozo.memory import Computed, Memory
from worker.store.cozo.totals import Totals


class Valuer:
    def __init__(self, aggregation: ValueAggregator) -> None:
        self._aggregation = aggregation

    def value(self, memory: Memory, learning_id: str) -> LearningValue:
        return self._computed(memory, learning_id, is_whole=True)

    def judged(self, memory: Memory, learning_id: str) -> LearningValue:
        """Without what comes next, unless that is known anyway; to be sorted and counted, not to be shown."""
        return self._computed(memory, learning_id, is_whole=False)

    def value_of(self, standing: Standing, totals: Totals, global_sums: TemporalSums, fleet: Fleet) -> LearningValue:
        return self._aggregation.value(
            sums=totals.sums,
            global_sums=global_sums,
            fleet=fleet,
            standing=standing,
            updated_at=totals.newest_at,
        )

    def _computed(self, memory: Memory, learning_id: str, *, is_whole: bool) -> LearningValue:
        standing, totals = memory.histories[learning_id].standing, memory.totals_of(learning_id)
        known = memory.computed.get(learning_id)
        resting = (standing, totals, memory.global_sums, memory.fleet)
        if known is not None and known.is_whole >= is_whole and known.rests_on(*resting):
            return known.value
        value = self.value_of(*resting) if is_whole else self._judged_of(*resting)
        memory.computed[learning_id] = Computed(
            standing=standing,
            totals=totals,
            global_sums=memory.global_sums,
            fleet=memory.fleet,
            value=value,
            is_whole=is_whole,
        )
        return value

    def _judged_of(self, standing: Standing, totals: Totals, global_sums: TemporalSums, fleet: Fleet) -> LearningValue:
        return self._aggregation.judged(
            sums=totals.sums, global_sums=global_sums, fleet=fleet, standing=standing, updated_at=totals.newest_at
        )

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
        standing, totals = memory.histories[learning_id].standing, memory.totals_of(learning_id)
        known = memory.computed.get(learning_id)
        if known is not None and known.rests_on(standing, totals, memory.global_sums, memory.fleet):
            return known.value
        value = self.value_of(standing, totals, memory.global_sums, memory.fleet)
        memory.computed[learning_id] = Computed(
            standing=standing, totals=totals, global_sums=memory.global_sums, fleet=memory.fleet, value=value
        )
        return value

    def latest(self, memory: Memory, learning_id: str) -> LearningValue:
        """As it was last computed: with all its own records, against the others as of its newest session or a refresh."""
        known, standing = memory.computed.get(learning_id), memory.histories[learning_id].standing
        if known is not None and known.totals is memory.totals_of(learning_id) and known.standing == standing:
            return known.value
        return self.value(memory, learning_id)

    def value_of(self, standing: Standing, totals: Totals, global_sums: TemporalSums, fleet: Fleet) -> LearningValue:
        return self._aggregation.value(
            sums=totals.sums,
            global_sums=global_sums,
            fleet=fleet,
            standing=standing,
            updated_at=totals.newest_at,
        )

"""Values from the sums in force, computed again only when what they rest on has changed."""

from worker.domain import LearningValue, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.activation.traces import leaves_a_trace
from worker.layers.aggregation.told import Told
from worker.layers.protocols import ValueAggregator
from worker.layers.statistics.sums import TemporalSums
from worker.store.cozo.memory import Computed, Memory
from worker.store.cozo.remembered import Remembered
from worker.store.cozo.totals import Totals


class Valuer:
    def __init__(self, aggregation: ValueAggregator) -> None:
        self._aggregation = aggregation
        self._traces: Remembered[bool] = Remembered()

    def forget(self) -> None:
        self._traces.forget()

    def aggregation_for(self, memory: Memory, learning_id: str) -> ValueAggregator:
        return Told(self._aggregation, self._leaves_trace(memory, learning_id))

    def value(self, memory: Memory, learning_id: str) -> LearningValue:
        standing, totals = memory.histories[learning_id].standing, memory.totals_of(learning_id)
        known = memory.computed.get(learning_id)
        if known is not None and known.rests_on(standing, totals, memory.global_sums, memory.fleet):
            return known.value
        leaves_trace = self._leaves_trace(memory, learning_id)
        value = self.value_of(standing, totals, memory.global_sums, memory.fleet, leaves_trace=leaves_trace)
        memory.computed[learning_id] = Computed(
            standing=standing, totals=totals, global_sums=memory.global_sums, fleet=memory.fleet, value=value
        )
        return value

    def latest(self, memory: Memory, learning_id: str) -> LearningValue:
        """The value as last computed: all its own records, against the others as of its newest session or a refresh."""
        known, standing = memory.computed.get(learning_id), memory.histories[learning_id].standing
        if known is not None and known.totals is memory.totals_of(learning_id) and known.standing == standing:
            return known.value
        return self.value(memory, learning_id)

    def value_of(
        self, standing: Standing, totals: Totals, global_sums: TemporalSums, fleet: Fleet, *, leaves_trace: bool
    ) -> LearningValue:
        return Told(self._aggregation, leaves_trace).value(
            sums=totals.sums,
            global_sums=global_sums,
            fleet=fleet,
            standing=standing,
            updated_at=totals.newest_at,
        )

    def _leaves_trace(self, memory: Memory, learning_id: str) -> bool:
        """What the store has no text of is taken to leave one. Reading the text takes as long as the value itself."""
        learning = memory.learnings.get(learning_id)
        if learning is None:
            return True
        return self._traces.of(learning_id, (learning,), lambda: leaves_a_trace(learning.insight))

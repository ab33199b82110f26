"""What other settings would make of the stored records: layers 2 to 4 again, and of layer 1 the threshold, without a model.

Layer 1 itself is done again elsewhere, where the model is; its answers come in as readings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import starmap

from worker.domain import AttributionRecord, EmbeddingSimilarity, LearningValue, Standing
from worker.layers.activation.traces import leaves_a_trace
from worker.layers.statistics.sums import NO_ARM, ArmSums, LearningSums, TemporalSums
from worker.layers.temporal.correlation import attributed_value
from worker.settings.layers import ActivationParameters, LayerParameters
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.refreshing import remake
from worker.store.cozo.rows import RecordRow
from worker.store.cozo.strategies import StoreLayers
from worker.store.cozo.totals import Totals
from worker.store.cozo.values import Valuer
from worker.store.cozo.workspace import Workspace
from worker.store.shapes.upkeep import Reading

#: a value counts as changed when one of these, or the verdict, does
_WHAT_PEOPLE_SEE = (
    "estimated_value",
    "confidence",
    "status",
    "session_count",
    "activation_rate",
    "next_withhold_probability",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    space: Workspace
    then: StoreLayers
    after: LayerParameters
    #: by (learning, session)
    readings: Mapping[tuple[str, str], Reading] = field(default_factory=dict)

    def changes(self) -> list[tuple[LearningValue, LearningValue]]:
        """(value now, value then), both as after a refresh, where something that people see would change; the same settings change
        nothing.
        """
        with self.space.reading() as memory:
            learning_ids = sorted(memory.histories)
        both = {learning_id: self._both(learning_id) for learning_id in learning_ids}
        both = self._as_refreshed(both)
        now = sum((b.now.sums.temporal for b in both.values()), TemporalSums())
        then = sum((b.then.sums.temporal for b in both.values()), TemporalSums())
        fleet_now = self.space.layers.aggregation.fleet([b.now.sums for b in both.values()], now)
        fleet_then = self.then.aggregation.fleet([b.then.sums for b in both.values()], then)
        valuer = Valuer(self.then.aggregation)
        pairs = [
            (
                self.space.valuer.value_of(b.standing, b.now, now, fleet_now, leaves_trace=b.leaves_trace),
                valuer.value_of(b.standing, b.then, then, fleet_then, leaves_trace=b.leaves_trace),
            )
            for b in both.values()
        ]
        return [(was, would_be) for was, would_be in pairs if _differ(was, would_be)]

    def _both(self, learning_id: str) -> "_Both":
        """One learning at a time sees its records and its sums as of one moment; work goes on between."""
        with self.space.reading() as memory:
            standing, now = memory.histories[learning_id].standing, memory.totals_of(learning_id)
            leaves_trace = leaves_a_trace(memory.learnings[learning_id].insight)
            if self._keeps_records():
                return _Both(standing=standing, now=now, then=now, leaves_trace=leaves_trace)
            found = self.space.database.read("whole_records_of_learning", learning_id=learning_id)
        rows = starmap(RecordRow, found)
        records = [self._record_then(record_of(row)) for row in rows if row.epoch == standing.epoch]
        sums = sum((LearningSums.of(record) for record in records), LearningSums())
        return _Both(standing=standing, now=now, then=replace(now, sums=sums), leaves_trace=leaves_trace)

    def _as_refreshed(self, both: "dict[str, _Both]") -> "dict[str, _Both]":
        """Each pair with the experiments' sums that a refresh would make, under either settings: all sessions count."""
        with self.space.reading() as memory:
            rows, known = self.space.database.read("all_designs"), list(memory.totals)
        now = remake(rows, known, self.space.parameters)
        is_same = (self.space.parameters.outlook, self.space.parameters.ablation.salt) == (
            self.after.outlook,
            self.after.ablation.salt,
        )
        then = now if is_same else remake(rows, known, self.after)
        return {
            learning_id: replace(
                each,
                now=_with_arms(each.now, now.arms.get((learning_id, each.standing.epoch))),
                then=_with_arms(each.then, then.arms.get((learning_id, each.standing.epoch))),
            )
            for learning_id, each in both.items()
        }

    def _keeps_records(self) -> bool:
        before = self.space.parameters
        if self.readings:
            return False
        return before.activation == self.after.activation and before.temporal == self.after.temporal

    def _record_then(self, record: AttributionRecord) -> AttributionRecord:
        confidence, activated, points = self._activation_then(record)
        found = self.then.temporal.correlate(points, record.signals) if activated else None
        value = attributed_value(
            activation_confidence=confidence,
            bounded=found.bounded if found else 0.0,
            was_activated=activated,
            was_withheld=record.was_withheld,
        )
        return replace(record, activation_confidence=confidence, was_activated=activated, attributed_value=value)

    def _activation_then(self, record: AttributionRecord) -> tuple[float, bool, tuple[int, ...]]:
        again = self.readings.get((record.learning_id, record.session_id))
        if again is not None:
            return again.activation_confidence, again.was_activated, again.activation_points
        if self.space.parameters.activation == self.after.activation:
            return record.activation_confidence, record.was_activated, record.activation_points
        return reactivated(record, self.after.activation)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Both:
    standing: Standing
    now: Totals
    then: Totals
    leaves_trace: bool


def reactivated(record: AttributionRecord, parameters: ActivationParameters) -> tuple[float, bool, tuple[int, ...]]:
    """(confidence, activated, points) under another threshold or boost (activation.md, *What counts*).

    Near misses below the floor in force when the record was made are not known any more.
    """
    signals = (*record.activation_signals, *record.activation_candidates)
    similarities = [s for s in signals if isinstance(s, EmbeddingSimilarity)]
    references = [s for s in signals if not isinstance(s, EmbeddingSimilarity)]
    confidence = record.activation_confidence
    if record.calibration == "raw" and similarities:
        boost = parameters.reference_boost if references else 0.0
        confidence = min(1.0, max(s.score for s in similarities) + boost)
    if confidence < parameters.similarity_threshold:
        return confidence, False, ()
    used = [s.message_idx for s in similarities if s.score >= parameters.similarity_threshold]
    return confidence, True, tuple(sorted({*used, *(s.message_idx for s in references)}))


def _with_arms(totals: Totals, arms: tuple[ArmSums, ArmSums] | None) -> Totals:
    with_, without = arms or (NO_ARM, NO_ARM)
    return replace(totals, sums=replace(totals.sums, with_=with_, without=without))


def _differ(was: LearningValue, would_be: LearningValue) -> bool:
    return was.verdict.kind is not would_be.verdict.kind or any(
        getattr(was, name) != getattr(would_be, name) for name in _WHAT_PEOPLE_SEE
    )

"""The four layers over one learning and one session; no input or output."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.bundle import SessionBundle
from worker.domain import Assignment, AttributionRecord
from worker.errors import LearningFailed
from worker.events import HeavyEvent
from worker.layers.protocols import ActivationDetector, TemporalCorrelator
from worker.layers.temporal import attributed_value
from worker.records import UNKNOWN_LEARNING


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """Who was injected and who withheld, with what chance, and where two accounts of that differ."""

    assignments: dict[str, Assignment]
    mismatched: frozenset[str]


def settle_assignments(event: HeavyEvent, logged: Mapping[str, Assignment], *, ablation_rate: float) -> Assigned:
    """Where p comes from, in this order (statistics.md 10): the event, our own log, the rate in force at receipt, 0.

    What our log withheld belongs to the session though the event may not name it. `ablation_rate` is the one stored with the event.
    """
    withheld = frozenset(event.withheld_learnings or ())
    ours = [
        id_ for id_, assignment in logged.items() if assignment.was_withheld and id_ not in event.expected_learnings
    ]
    default = ablation_rate if event.withheld_learnings is not None else 0.0
    settled, mismatched = {}, set()
    for learning_id in (*event.expected_learnings, *ours):
        known = logged.get(learning_id)
        was_withheld = learning_id in withheld or learning_id in ours
        probability = event.withhold_probabilities.get(learning_id, known.withhold_probability if known else default)
        if known is not None and known.was_withheld != was_withheld:
            mismatched.add(learning_id)
            probability = 0.0
        settled[learning_id] = Assignment(
            learning_id=learning_id,
            withhold_probability=probability,
            was_withheld=was_withheld,
            epoch=known.epoch if known else None,
        )
    return Assigned(assignments=settled, mismatched=frozenset(mismatched))


@dataclass(frozen=True, kw_only=True, slots=True)
class Attributor:
    """Layers 1 and 2 and what layers 3 and 4 need of one session, as one record."""

    detector: ActivationDetector
    correlator: TemporalCorrelator

    def attribute(self, learning_id: str, session: SessionBundle) -> AttributionRecord:
        """Raises `LearningFailed` when the bundle does not hold the learning."""
        context = session.context
        if learning_id not in session.insights:
            raise LearningFailed(UNKNOWN_LEARNING)
        assignment = context.assignments[learning_id]
        activation = self.detector.detect(learning_id, session)
        temporal = self.correlator.correlate(activation.points, context.signals)
        return AttributionRecord(
            learning_id=learning_id,
            session_id=context.session_id,
            timestamp=context.version.timestamp,
            was_activated=activation.was_activated,
            activation_confidence=activation.confidence,
            activation_signals=activation.signals,
            temporal_positive=temporal.positive,
            temporal_negative=temporal.negative,
            net_temporal=temporal.net,
            was_withheld=assignment.was_withheld,
            session_outcome=context.outcome,
            attributed_value=attributed_value(
                activation_confidence=activation.confidence,
                bounded=temporal.bounded,
                was_activated=activation.was_activated,
                was_withheld=assignment.was_withheld,
            ),
            withhold_probability=assignment.withhold_probability,
            epoch=assignment.epoch,
            assignment_mismatch=learning_id in context.mismatched,
            temporal_contributions=temporal.contributions,
            signals=context.signals,
            activation_candidates=activation.candidates,
            activation_features=activation.features,
            activation_points=activation.points,
            contaminated=assignment.was_withheld and learning_id in session.contaminated,
            model=session.model,
            precision=session.precision,
            calibration=activation.calibration,
        )

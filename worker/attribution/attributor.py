"""Layers 1 and 2 over one learning and one session -> its record. Layers 3 and 4 run over all records, in the store."""

from dataclasses import dataclass

from worker.attribution.bundle import SessionBundle
from worker.domain import AttributionRecord
from worker.errors import LearningFailed
from worker.formats.record import UNKNOWN_LEARNING
from worker.layers.protocols import ActivationDetector, TemporalCorrelator
from worker.layers.temporal.correlation import attributed_value


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
        signals = context.signals_for(learning_id)
        activation = self.detector.detect(learning_id, session.insights, session.evidence)
        temporal = self.correlator.correlate(activation.points, signals)
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
            session_outcome=context.outcome_for(learning_id),
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
            signals=signals,
            activation_candidates=activation.candidates,
            activation_features=activation.features,
            activation_points=activation.points,
            contaminated=assignment.was_withheld and learning_id in session.contaminated,
            model=session.model,
            precision=session.precision,
            calibration=activation.calibration,
            background=context.background,
            leaves_trace=activation.leaves_trace,
        )

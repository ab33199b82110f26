"""An attribution record as its row, and back."""

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from worker.domain import (
    ActivationSignal,
    AttributionRecord,
    EmbeddingSimilarity,
    ExplicitReference,
    SessionVersion,
    Signal,
    SignalContribution,
)
from worker.store.cozo.rows import RecordRow


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordDetail:
    """The part of a record that no query looks at, kept as JSON."""

    temporal_contributions: tuple[SignalContribution, ...] = ()
    signals: tuple[Signal, ...] = ()
    activation_candidates: tuple[ActivationSignal, ...] = ()
    activation_features: dict[str, float] = field(default_factory=dict)
    activation_points: tuple[int, ...] = ()
    model: str = ""
    precision: str = ""
    calibration: str = ""
    leaves_trace: bool = True


_DETAIL = TypeAdapter(RecordDetail)
_NO_DETAIL = RecordDetail()


def record_row(record: AttributionRecord, *, epoch: int, version: SessionVersion) -> RecordRow:
    return RecordRow(
        learning_id=record.learning_id,
        session_id=record.session_id,
        timestamp=record.timestamp,
        was_activated=record.was_activated,
        activation_confidence=float(record.activation_confidence),
        activation_signals_json=_signals_json(record.activation_signals),
        temporal_positive=float(record.temporal_positive),
        temporal_negative=float(record.temporal_negative),
        net_temporal=float(record.net_temporal),
        was_withheld=record.was_withheld,
        session_outcome=float(record.session_outcome),
        attributed_value=float(record.attributed_value),
        withhold_probability=float(record.withhold_probability),
        epoch=epoch,
        contaminated=record.contaminated,
        assignment_mismatch=record.assignment_mismatch,
        newest_first=-record.timestamp,
        version_timestamp=version.timestamp,
        event_id=version.event_id,
        attempt=version.attempt,
        detail_json=_detail_json(record),
    )


def record_of(row: RecordRow) -> AttributionRecord:
    """The stored record; from a row without its detail only what the sums need."""
    detail = _DETAIL.validate_json(row.detail_json) if row.detail_json else _NO_DETAIL
    return AttributionRecord(
        learning_id=row.learning_id,
        session_id=row.session_id,
        timestamp=row.timestamp,
        was_activated=row.was_activated,
        activation_confidence=row.activation_confidence,
        activation_signals=tuple(_signal_of(signal) for signal in json.loads(row.activation_signals_json)),
        temporal_positive=row.temporal_positive,
        temporal_negative=row.temporal_negative,
        net_temporal=row.net_temporal,
        was_withheld=row.was_withheld,
        session_outcome=row.session_outcome,
        attributed_value=row.attributed_value,
        withhold_probability=row.withhold_probability,
        epoch=row.epoch,
        contaminated=row.contaminated,
        assignment_mismatch=row.assignment_mismatch,
        temporal_contributions=detail.temporal_contributions,
        signals=detail.signals,
        activation_candidates=detail.activation_candidates,
        activation_features=detail.activation_features,
        activation_points=detail.activation_points,
        model=detail.model,
        precision=detail.precision,
        calibration=detail.calibration,
        leaves_trace=detail.leaves_trace,
    )


def version_of(row: RecordRow) -> SessionVersion:
    """The session version that produced a record's row."""
    return SessionVersion(timestamp=row.version_timestamp, event_id=row.event_id, attempt=row.attempt)


def _detail_json(record: AttributionRecord) -> str:
    detail = RecordDetail(
        temporal_contributions=record.temporal_contributions,
        signals=record.signals,
        activation_candidates=record.activation_candidates,
        activation_features=record.activation_features,
        activation_points=record.activation_points,
        model=record.model,
        precision=record.precision,
        calibration=record.calibration,
        leaves_trace=record.leaves_trace,
    )
    return _DETAIL.dump_json(detail).decode()


def _signals_json(signals: tuple[ActivationSignal, ...]) -> str:
    """Most records have none."""
    return json.dumps([_signal_to_json(signal) for signal in signals], ensure_ascii=False) if signals else "[]"


def _signal_to_json(signal: ActivationSignal) -> dict[str, Any]:
    if isinstance(signal, EmbeddingSimilarity):
        return {"EmbeddingSimilarity": {"score": signal.score, "message_idx": signal.message_idx, "span": signal.span}}
    return {"ExplicitReference": {"pattern": signal.pattern, "message_idx": signal.message_idx, "span": signal.span}}


def _signal_of(tagged: dict[str, dict[str, Any]]) -> ActivationSignal:
    if "EmbeddingSimilarity" in tagged:
        return EmbeddingSimilarity(**tagged["EmbeddingSimilarity"])
    return ExplicitReference(**tagged["ExplicitReference"])

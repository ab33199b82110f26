"""What stands in a relation's row for each of the domain's values, column by column in the order of `queries.cozo`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from worker.domain import (
    ActivationSignal,
    Assignment,
    AttributionRecord,
    Decision,
    DecisionKind,
    EmbeddingSimilarity,
    ExplicitReference,
    Learning,
    LearningCategory,
    LearningStatus,
    LearningValue,
    SessionVersion,
    Signal,
    SignalContribution,
)

Row = list[Any]


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


_DETAIL = TypeAdapter(RecordDetail)


# -------------------------------------------------------------------- records


def record_row(record: AttributionRecord, *, epoch: int, version: SessionVersion) -> Row:
    return [
        record.learning_id,
        record.session_id,
        record.timestamp,
        record.was_activated,
        float(record.activation_confidence),
        _signals_json(record.activation_signals),
        float(record.temporal_positive),
        float(record.temporal_negative),
        float(record.net_temporal),
        record.was_withheld,
        float(record.session_outcome),
        float(record.attributed_value),
        float(record.withhold_probability),
        epoch,
        record.contaminated,
        record.assignment_mismatch,
        -record.timestamp,
        version.timestamp,
        version.event_id,
        version.attempt,
    ]


def detail_row(record: AttributionRecord) -> Row:
    detail = RecordDetail(
        temporal_contributions=record.temporal_contributions,
        signals=record.signals,
        activation_candidates=record.activation_candidates,
        activation_features=record.activation_features,
        activation_points=record.activation_points,
        model=record.model,
        precision=record.precision,
        calibration=record.calibration,
    )
    return [record.learning_id, record.session_id, _DETAIL.dump_json(detail).decode()]


def record_of(row: Sequence[Any]) -> AttributionRecord:
    """The stored record; without the last column, its detail, only what the sums need."""
    detail = _DETAIL.validate_json(row[20]) if len(row) > 20 else RecordDetail()
    return AttributionRecord(
        learning_id=row[0],
        session_id=row[1],
        timestamp=row[2],
        was_activated=row[3],
        activation_confidence=row[4],
        activation_signals=tuple(_signal_of(s) for s in json.loads(row[5])),
        temporal_positive=row[6],
        temporal_negative=row[7],
        net_temporal=row[8],
        was_withheld=row[9],
        session_outcome=row[10],
        attributed_value=row[11],
        withhold_probability=row[12],
        epoch=row[13],
        contaminated=row[14],
        assignment_mismatch=row[15],
        temporal_contributions=detail.temporal_contributions,
        signals=detail.signals,
        activation_candidates=detail.activation_candidates,
        activation_features=detail.activation_features,
        activation_points=detail.activation_points,
        model=detail.model,
        precision=detail.precision,
        calibration=detail.calibration,
    )


def version_of(row: Sequence[Any]) -> SessionVersion:
    """The session version that produced a record's row."""
    return SessionVersion(timestamp=row[17], event_id=row[18], attempt=row[19])


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


# ------------------------------------------------------------------ learnings


def learning_row(learning: Learning) -> Row:
    return [
        learning.learning_id,
        str(learning.category),
        learning.description,
        learning.insight,
        learning.pattern,
        json.dumps(learning.scope, ensure_ascii=False),
        float(learning.confidence),
        learning.created_at,
        learning.updated_at,
        json.dumps(learning.source, ensure_ascii=False),
    ]


def learning_of(row: Sequence[Any]) -> Learning:
    return Learning(
        learning_id=row[0],
        category=LearningCategory(row[1]),
        description=row[2],
        insight=row[3],
        pattern=row[4],
        scope=json.loads(row[5]),
        confidence=row[6],
        created_at=row[7],
        updated_at=row[8],
        source=json.loads(row[9]),
    )


# ------------------------------------------------------------------ decisions


def decision_row(decision: Decision) -> Row:
    version = decision.version or SessionVersion(timestamp=0, event_id="", attempt=0)
    return [
        decision.learning_id,
        decision.number,
        decision.timestamp,
        str(decision.kind),
        decision.actor,
        decision.reason,
        decision.epoch,
        decision.epoch_started_at,
        json.dumps(decision.numbers),
        decision.session_id,
        version.timestamp,
        version.event_id,
        version.attempt,
    ]


def decision_of(row: Sequence[Any]) -> Decision:
    return Decision(
        learning_id=row[0],
        number=row[1],
        timestamp=row[2],
        kind=DecisionKind(row[3]),
        actor=row[4],
        reason=row[5],
        epoch=row[6],
        epoch_started_at=row[7],
        numbers=json.loads(row[8]),
        session_id=row[9],
        version=SessionVersion(timestamp=row[10], event_id=row[11], attempt=row[12]) if row[9] else None,
    )


# --------------------------------------------------- assignments and values


def assignment_of(row: Sequence[Any]) -> Assignment:
    return Assignment(learning_id=row[0], withhold_probability=row[1], was_withheld=row[2], epoch=row[3])


def value_row(value: LearningValue) -> Row:
    return [
        value.learning_id,
        float(value.estimated_value),
        float(value.confidence),
        value.session_count,
        float(value.activation_rate),
        float(value.temporal_value),
        float(value.temporal_confidence),
        value.ablation_value,
        value.ablation_confidence,
        str(value.status),
        value.updated_at,
        value.status_reason,
        str(value.verdict.kind),
        value.verdict.sessions_needed,
        float(value.next_withhold_probability),
        value.pinned,
        value.epoch,
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """What a row of `learning_value` says about the learning's next session."""

    learning_id: str
    status: LearningStatus
    reason: str
    probability: float
    epoch: int

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Chance":
        return cls(
            learning_id=row[0], status=LearningStatus(row[9]), reason=row[11] or "", probability=row[14], epoch=row[16]
        )

"""What we publish for one finished attempt: SessionAttributed, with its records, values and deprecations."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from worker.domain import (
    ActivationSignal,
    AttributionRecord,
    Decision,
    EmbeddingSimilarity,
    LearningValue,
    SessionVersion,
)
from worker.formats.wire import EVENT_NAMESPACE, format_timestamp


def attempt_id(version: SessionVersion) -> uuid.UUID:
    """Message id of what is published for one attempt: a second copy has the same one, a correction another."""
    return uuid.uuid5(EVENT_NAMESPACE, f"{version.event_id}\n{version.attempt}")


def session_attributed(
    *,
    version: SessionVersion,
    session_id: str,
    records: Sequence[AttributionRecord],
    lightweight_events: list[dict[str, Any]],
    values: tuple[LearningValue, ...],
    deprecations: tuple[Decision, ...],
    published_at: int,
) -> bytes:
    """The message of topic `sessions`: one per finished attempt of a session."""
    return json.dumps(
        {
            "attribution_records": [record_to_wire(record) for record in records],
            "lightweight_events": lightweight_events,
            "learning_values": [value_to_wire(value) for value in values],
            "deprecations": [deprecation_to_wire(decision) for decision in deprecations],
            "event_id": version.event_id,
            "attempt": version.attempt,
            "session_id": session_id,
            "timestamp": format_timestamp(version.timestamp),
            "published_at": format_timestamp(published_at),
        },
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    ).encode()


def record_to_wire(record: AttributionRecord) -> dict[str, Any]:
    return {
        "learning_id": record.learning_id,
        "session_id": record.session_id,
        "timestamp": format_timestamp(record.timestamp),
        "was_activated": record.was_activated,
        "activation": str(record.answer),
        "activation_confidence": record.activation_confidence,
        "activation_signals": [_signal_to_wire(signal) for signal in record.activation_signals],
        "temporal_positive": record.temporal_positive,
        "temporal_negative": record.temporal_negative,
        "net_temporal": record.net_temporal,
        "was_withheld": record.was_withheld,
        "session_outcome": record.session_outcome,
        "attributed_value": record.attributed_value,
        "withhold_probability": record.withhold_probability,
    }


def _signal_to_wire(signal: ActivationSignal) -> dict[str, Any]:
    if isinstance(signal, EmbeddingSimilarity):
        return {"EmbeddingSimilarity": {"score": signal.score, "message_idx": signal.message_idx, "span": signal.span}}
    return {"ExplicitReference": {"pattern": signal.pattern, "message_idx": signal.message_idx, "span": signal.span}}


def value_to_wire(value: LearningValue) -> dict[str, Any]:
    return {
        "learning_id": value.learning_id,
        "estimated_value": value.estimated_value,
        "confidence": value.confidence,
        "session_count": value.session_count,
        "activation_rate": value.activation_rate,
        "can_tell": value.can_tell,
        "temporal_value": value.temporal_value,
        "temporal_confidence": value.temporal_confidence,
        "ablation_value": value.ablation_value,
        "ablation_confidence": value.ablation_confidence,
        "status": str(value.status),
        "status_reason": value.status_reason,
        "updated_at": format_timestamp(value.updated_at),
        "verdict": str(value.verdict.kind),
        "sessions_needed": value.verdict.sessions_needed,
    }


def deprecation_to_wire(decision: Decision) -> dict[str, Any]:
    return {
        "learning_id": decision.learning_id,
        "timestamp": format_timestamp(decision.timestamp),
        "reason": decision.reason,
        "final_value": decision.numbers["estimated_value"],
        "confidence": decision.numbers["confidence"],
        "session_count": int(decision.numbers["session_count"]),
    }

"""The messages that come in and go out, and how they are read: everything from outside is checked here, once.

HeavyEvent          one finished session, in groove's own form or flat
LightweightEvent    signals seen while a session ran
SessionAttributed   what we publish for one finished attempt
"""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from worker.domain import (
    ActivationSignal,
    AttributionRecord,
    Decision,
    EmbeddingSimilarity,
    LearningValue,
    SessionVersion,
    Signal,
    SignalKind,
)
from worker.errors import InvalidEvent

#: namespace of ids that are derived rather than given
EVENT_NAMESPACE = uuid.UUID("6f1d1b7e-3c1a-5d0e-9a55-0f5a3f0d9c11")

#: an id is a key in three databases and on the wire: short, printable, and nothing else is asked of it
MAX_ID_BYTES = 255

OUTCOMES = {"success": 1.0, "partial": 0.5, "failure": -0.5, "abandoned": -1.0}

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})")
_Model = TypeVar("_Model", bound=BaseModel)
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_timestamp(text: str) -> int:
    """RFC 3339 with 0 to 9 fraction digits -> microseconds; digits beyond the sixth are cut."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 timestamp: {text[:40]!r}")
    date, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError as error:
        raise ValueError(f"not a point in time: {text[:40]!r}") from error
    return int(moment.timestamp()) * 1_000_000 + int((fraction or "").ljust(6, "0")[:6])


def format_timestamp(micros: int) -> str:
    seconds, rest = divmod(micros, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def _timestamp(value: object) -> int:
    if isinstance(value, str):
        return parse_timestamp(value)
    raise ValueError("a timestamp is an RFC 3339 text")


def _identifier(value: str) -> str:
    if not value or len(value.encode("utf-8", "replace")) > MAX_ID_BYTES:
        raise ValueError(f"an id has 1 to {MAX_ID_BYTES} bytes")
    if not value.isprintable():
        raise ValueError("an id holds printable characters only")
    return value


def _outcome(value: object) -> float:
    if isinstance(value, str):
        if value not in OUTCOMES:
            raise ValueError(f"unknown outcome {value[:40]!r}: one of {', '.join(OUTCOMES)} or a number in [-1, 1]")
        return OUTCOMES[value]
    if value is None:
        raise ValueError("the outcome is missing: nothing can be learnt from this session")
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise ValueError("an outcome is a name or a number in [-1, 1]")
    return float(value)


def _probability(value: float) -> float:
    return round(value, 6)


Identifier = Annotated[str, AfterValidator(_identifier)]
Timestamp = Annotated[int, BeforeValidator(_timestamp)]
Outcome = Annotated[float, BeforeValidator(_outcome)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_probability)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Incoming(BaseModel):
    """Unknown keys are ignored: producers may say more than we read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# ------------------------------------------------------------------ signals


class _Heard(Incoming):
    pattern: str = ""
    confidence: Share = 1.0


class NegativeSignal(_Heard):
    type: Literal["negative"]

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.NEGATIVE, False, self.confidence, self.pattern)


class PositiveSignal(_Heard):
    type: Literal["positive"]

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.POSITIVE, True, self.confidence, self.pattern)


class ToolFailureSignal(Incoming):
    type: Literal["tool_failure"]
    tool_name: str = ""

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.TOOL_FAILURE, False, 0.8, self.tool_name)


class CorrectionSignal(Incoming):
    type: Literal["correction"]

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.CORRECTION, False, 0.9)


class RetrySignal(Incoming):
    type: Literal["retry"]

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.RETRY, False, 0.7)


class BuildStatusSignal(Incoming):
    type: Literal["build_status"]
    passed: bool

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.BUILD_STATUS, self.passed, 0.9, "passed" if self.passed else "failed")


def _signal(message_idx: int, kind: SignalKind, is_positive: bool, confidence: float, detail: str = "") -> Signal:
    return Signal(
        message_idx=message_idx, kind=kind, is_positive=is_positive, confidence=confidence, detail=detail[:200]
    )


WireSignal = Annotated[
    NegativeSignal | PositiveSignal | ToolFailureSignal | CorrectionSignal | RetrySignal | BuildStatusSignal,
    Field(discriminator="type"),
]


class _LightweightContext(Incoming):
    session_id: Identifier
    timestamp: Timestamp | None = None


class LightweightEvent(Incoming):
    #: absent inside a heavy event, where the session is known
    context: _LightweightContext | None = None
    message_idx: Annotated[int, Field(ge=0, le=10_000_000)]
    signals: tuple[WireSignal, ...] = ()

    def to_signals(self) -> tuple[Signal, ...]:
        return tuple(signal.at(self.message_idx) for signal in self.signals)


# ------------------------------------------------------------- heavy events


class HeavyEvent(Incoming):
    """One finished session. Both forms end up here; `timestamp` and `event_id` are always filled in by `read_heavy_event`."""

    event_id: Identifier
    session_id: Identifier
    timestamp: Timestamp
    active_learnings: tuple[Identifier, ...] = ()
    #: None: the producer does not take part in experiments; empty: it does, and withheld nothing
    withheld_learnings: tuple[Identifier, ...] | None = None
    withhold_probabilities: dict[str, Probability] = Field(default_factory=dict)
    outcome: Outcome
    transcript: dict[str, Any] | None = None
    transcript_path: str | None = None
    lightweight_events: tuple[LightweightEvent, ...] = ()
    #: chance with which the assessor chose this session for a heavy event; kept for later
    sampling_probability: Probability | None = None

    @property
    def version(self) -> SessionVersion:
        return SessionVersion(timestamp=self.timestamp, event_id=self.event_id)

    @property
    def contradictory(self) -> frozenset[str]:
        """Ids named both as active and as withheld: refused one by one."""
        return frozenset(self.active_learnings) & frozenset(self.withheld_learnings or ())

    @property
    def expected_learnings(self) -> tuple[str, ...]:
        """Active and withheld ones, each once, in the event's order."""
        return tuple(dict.fromkeys((*self.active_learnings, *(self.withheld_learnings or ()))))

    @property
    def signals(self) -> tuple[Signal, ...]:
        return tuple(signal for event in self.lightweight_events for signal in event.to_signals())


#: what groove writes under `context`; the rest of its context is kept only in the payload
_CONTEXT_KEYS = (
    "session_id",
    "event_id",
    "timestamp",
    "active_learnings",
    "withheld_learnings",
    "withhold_probabilities",
    "sampling_probability",
    "transcript",
    "transcript_path",
    "lightweight_events",
)


class _GrooveForm(Incoming):
    """groove's own enums, so that a misspelt one is a dead letter rather than a guess."""

    injection_method: Literal["ClaudeMd", "Hook", "Both", "None"] | None = None
    harness_type: Literal["ClaudeCode"] | dict[Literal["Other"], str] | None = None
    injection_scope: Literal["Global"] | dict[Literal["User", "Project"], str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("`context` is an object")  # noqa: TRY004 - pydantic turns ValueError into its own error
        return value


def read_heavy_event(payload: bytes, *, logged_at: int) -> HeavyEvent:
    """Read either form. `logged_at` (microseconds) stands in for a missing timestamp.

    Raises `InvalidEvent` with a reason that a person can act on.
    """
    document = read_json_object(payload)
    tier = document.get("tier", "heavy")
    if tier != "heavy":
        raise InvalidEvent(f"not a heavy event: tier is {str(tier)[:40]!r}")
    fields = _flattened(document)
    if fields.get("timestamp") is None:
        fields["timestamp"] = format_timestamp(logged_at)
    if fields.get("event_id") is None:
        fields["event_id"] = str(derived_id(payload))
    return validated(HeavyEvent, fields)


def _flattened(document: dict[str, Any]) -> dict[str, Any]:
    fields = {key: value for key, value in document.items() if value is not None or key == "outcome"}
    fields.setdefault("outcome", None)
    if "context" in document:
        validated(_GrooveForm, document["context"])
        fields |= {key: document["context"][key] for key in _CONTEXT_KEYS if document["context"].get(key) is not None}
    return fields


def read_lightweight_event(payload: bytes) -> LightweightEvent:
    """One message of the lightweight topic. Raises `InvalidEvent`; the session's id is required here."""
    event = validated(LightweightEvent, read_json_object(payload))
    if event.context is None:
        raise InvalidEvent("context: a lightweight event of its own names its session")
    return event


def derived_id(payload: bytes) -> uuid.UUID:
    """UUIDv5 of the bytes: the same message gets the same id wherever it stands in whichever log."""
    return uuid.uuid5(EVENT_NAMESPACE, payload.hex())


def read_json_object(payload: bytes) -> dict[str, Any]:
    """UTF-8 JSON without NaN or infinities; lone surrogates in texts become U+FFFD."""
    try:
        document = json.loads(payload.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidEvent(f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidEvent("not usable JSON: nested too deeply") from error
    except ValueError as error:
        raise InvalidEvent(str(error)) from error
    if not isinstance(document, dict):
        raise InvalidEvent("not a JSON object")
    return (
        {key: _without_surrogates(value) for key, value in document.items()}
        if _ESCAPED_SURROGATE.search(payload)
        else document
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"not JSON: {name} is not a number")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def validated(model: type[_Model], fields: object) -> _Model:
    """The model, or `InvalidEvent` with the first thing that is wrong and where."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidEvent(f"{where}: {first['msg'].removeprefix('Value error, ')}"[:300]) from error


# ------------------------------------------------------------------- output


def attempt_id(version: SessionVersion) -> uuid.UUID:
    """Message id of what is published for one attempt: a second copy has the same one, a correction another."""
    return uuid.uuid5(EVENT_NAMESPACE, f"{version.event_id}\n{version.attempt}")


def session_attributed(
    *,
    version: SessionVersion,
    session_id: str,
    records: tuple[AttributionRecord, ...],
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

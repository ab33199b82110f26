"""Signals seen while a session ran: one class a kind, and the event that brings them."""

from typing import Annotated, Literal

from pydantic import Field

from worker.domain import Signal, SignalKind
from worker.errors import InvalidEvent
from worker.formats.wire import Identifier, Incoming, Share, Timestamp, read_json_object, validated


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
    #: the failed command and the first telling line of its answer
    detail: str = ""

    def at(self, message_idx: int) -> Signal:
        told = ": ".join(filter(None, (self.tool_name, self.detail)))
        return _signal(message_idx, SignalKind.TOOL_FAILURE, False, 0.8, told)


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


class InterruptionSignal(Incoming):
    type: Literal["interruption"]

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.INTERRUPTION, False, 0.6)


class RejectionSignal(Incoming):
    type: Literal["rejection"]
    tool_name: str = ""

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.REJECTION, False, 0.8, self.tool_name)


class RevertSignal(Incoming):
    type: Literal["revert"]
    pattern: str = ""

    def at(self, message_idx: int) -> Signal:
        return _signal(message_idx, SignalKind.REVERT, False, 0.9, self.pattern)


def _signal(message_idx: int, kind: SignalKind, is_positive: bool, confidence: float, detail: str = "") -> Signal:
    return Signal(
        message_idx=message_idx, kind=kind, is_positive=is_positive, confidence=confidence, detail=detail[:200]
    )


WireSignal = Annotated[
    NegativeSignal
    | PositiveSignal
    | ToolFailureSignal
    | CorrectionSignal
    | RetrySignal
    | BuildStatusSignal
    | InterruptionSignal
    | RejectionSignal
    | RevertSignal,
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


def read_lightweight_event(payload: bytes) -> LightweightEvent:
    """One message of the lightweight topic. Raises `InvalidEvent`; the session's id is required here."""
    event = validated(LightweightEvent, read_json_object(payload))
    if event.context is None:
        raise InvalidEvent("context: a lightweight event of its own names its session")
    return event

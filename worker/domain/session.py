"""What is known of a session beside its transcript: signals, version, background, draws."""

from dataclasses import dataclass
from enum import StrEnum


class SignalKind(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    TOOL_FAILURE = "tool_failure"
    CORRECTION = "correction"
    RETRY = "retry"
    BUILD_STATUS = "build_status"
    #: the person stopped the assistant while it worked
    INTERRUPTION = "interruption"
    #: the person refused a call
    REJECTION = "rejection"
    #: what the assistant had done was undone
    REVERT = "revert"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    message_idx: int
    kind: SignalKind
    is_positive: bool
    #: in [0, 1]: the signal's own, or the kind's default (statistics.md 3)
    confidence: float
    #: the pattern or the tool's name, for the explanation
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class SessionVersion:
    """Which account of a session a piece of work belongs to; compared field by field, newest wins."""

    timestamp: int
    event_id: str
    #: raised by a retry by hand, a replay, a late lightweight event
    attempt: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionBackground:
    """What is known of a session as a whole: what was so before its first answer, how it ended, how it came to be assessed."""

    #: `project=…`, `user=…` and so on, sorted; nothing that was measured after the assignment
    levels: tuple[str, ...] = ()
    #: in [−1, 1]; None where it is not known
    outcome: float | None = None
    #: chance with which the assessor chose this session, in (0, 1]
    sampling_probability: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Whether one learning was injected into one session or withheld from it, and with what chance."""

    learning_id: str
    #: chance of being withheld, in [0, 1], rounded to 6 decimals; 0 means "not randomised"
    withhold_probability: float
    was_withheld: bool
    #: the learning's epoch at assignment; None where nothing was logged: the record's timestamp decides
    epoch: int | None = None
    #: the section that it was drawn with; empty: it was drawn by itself
    drawn_with: str = ""

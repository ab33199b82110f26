"""Layer 1's answer: did the session use the learning, and where."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddingSimilarity:
    #: cosine (raw) or calibrated probability of this chunk, rounded to 6 decimals
    score: float
    message_idx: int
    #: the chunk of the transcript, quoted
    span: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplicitReference:
    #: the learning's phrase or command that was found
    pattern: str
    message_idx: int
    span: str = ""


ActivationSignal = EmbeddingSimilarity | ExplicitReference


class Answer(StrEnum):
    """Did the session use the learning?"""

    USED = "used"
    NOT_USED = "not used"
    #: nothing was seen, of a learning whose use leaves no trace: it counts nowhere as not used
    CANNOT_TELL = "cannot tell"

    @classmethod
    def of(cls, *, was_activated: bool, leaves_trace: bool) -> "Answer":
        if was_activated:
            return cls.USED
        return cls.NOT_USED if leaves_trace else cls.CANNOT_TELL


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """Layer 1's answer for one learning and one session."""

    confidence: float
    was_activated: bool
    #: what counted, best first; empty when nothing did
    signals: tuple[ActivationSignal, ...] = ()
    #: near misses down to the floor kept for explanations and what-if runs
    candidates: tuple[ActivationSignal, ...] = ()
    #: distinct message indices where it was used, ascending; empty unless activated
    points: tuple[int, ...] = ()
    #: named inputs of the calibrated probability
    features: dict[str, float] = field(default_factory=dict)
    #: version of the calibration in force ("raw" for the plain cosine)
    calibration: str = "raw"
    #: whether a use of the learning would be seen
    leaves_trace: bool = True

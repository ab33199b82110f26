"""What one session says about one learning."""

from dataclasses import dataclass, field

from worker.domain.activation import ActivationSignal, Answer
from worker.domain.session import SessionBackground, Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalContribution:
    """One signal's part in the temporal sums; `weight · confidence` went into the positive or the negative one."""

    signal: Signal
    #: the activation point it was counted for
    activation_point: int
    #: messages between the two, ≥ 0
    distance: int
    #: e^(−decay_rate · distance)
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalCorrelation:
    """Layer 2's answer; all zero when the learning was not activated."""

    positive: float = 0.0
    negative: float = 0.0
    #: positive − negative
    net: float = 0.0
    #: net / (positive + negative + net_kappa), in (−1, 1)
    bounded: float = 0.0
    contributions: tuple[SignalContribution, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AttributionRecord:
    """What one session says about one learning. Key: (learning_id, session_id)."""

    learning_id: str
    session_id: str
    timestamp: int
    was_activated: bool
    activation_confidence: float
    activation_signals: tuple[ActivationSignal, ...]
    temporal_positive: float
    temporal_negative: float
    net_temporal: float
    was_withheld: bool
    #: in [−1, 1]
    session_outcome: float
    #: this session's alone, in [−1, 1]: activation_confidence · bounded net if activated and not withheld, else 0
    attributed_value: float
    #: 0 means "not randomised"
    withhold_probability: float = 0.0
    #: the logged assignment's epoch; None lets the store take the one in force at `timestamp`
    epoch: int | None = None
    #: event and our own log disagreed about who was withheld
    assignment_mismatch: bool = False
    temporal_contributions: tuple[SignalContribution, ...] = ()
    #: every signal that layer 2 was given, for what-if runs
    signals: tuple[Signal, ...] = ()
    activation_candidates: tuple[ActivationSignal, ...] = ()
    activation_features: dict[str, float] = field(default_factory=dict)
    #: distinct message indices where it was used, ascending
    activation_points: tuple[int, ...] = ()
    #: of its session; None where an earlier release made the record
    background: SessionBackground | None = None
    #: a withheld learning whose own text, or a near copy, stood in the assistant's context all the same
    contaminated: bool = False
    model: str = ""
    precision: str = ""
    calibration: str = ""
    #: False: its use is seen or cannot be told; records of older versions say True
    leaves_trace: bool = True

    @property
    def answer(self) -> Answer:
        return Answer.of(was_activated=self.was_activated, leaves_trace=self.leaves_trace)

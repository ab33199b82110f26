"""The things the system talks about, as frozen values without behaviour of their own.

Learning            what is judged
Transcript          Message, Block: what the session said and did
Signal              something in the session went well or badly
SessionVersion      which account of a session this is; newer replaces older
SessionBackground   what is known of a session as a whole
Activation          ActivationSignal: did the session use the learning, and where
TemporalCorrelation SignalContribution: what followed the use
AttributionRecord   what one session says about one learning
LearningValue       what all sessions together say about it (Verdict, ExperimentResult, LearningStatus)
AblationExperiment  the two arms behind the verdict
Decision            one line of a learning's history

Times are integers, microseconds since 1970-01-01 UTC.
Positions in a transcript are `message_idx`, counted over messages of all roles from 0.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# ---------------------------------------------------------------- learnings


class LearningCategory(StrEnum):
    CORRECTION = "Correction"
    CODE_PATTERN = "CodePattern"
    PREFERENCE = "Preference"
    SOLUTION = "Solution"
    ERROR_RECOVERY = "ErrorRecovery"
    TOOL_USAGE = "ToolUsage"
    HARNESS_KNOWLEDGE = "HarnessKnowledge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    learning_id: str
    category: LearningCategory
    description: str
    insight: str
    pattern: str | None = None
    #: "Global", {"User": id} or {"Project": path}, as groove writes it
    scope: str | dict[str, str] = "Global"
    #: the author's own confidence in [0, 1]; not used by any layer
    confidence: float = 1.0
    created_at: int = 0
    updated_at: int = 0
    source: dict[str, Any] = field(default_factory=dict)


# -------------------------------------------------------------- transcripts


class BlockKind(StrEnum):
    TEXT = "text"
    TOOL_USE = "tool_use"
    TOOL_RESULT = "tool_result"
    TOOL_ERROR = "tool_error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One piece of a message: prose, a call of a tool with its input, or what a tool answered."""

    kind: BlockKind
    #: prose; the call's input as `key=value` text; the answer
    text: str
    tool: str | None = None
    #: the call's input by name, when the transcript has it in that form
    input: dict[str, Any] | None = None
    #: a call that the person rejected: not something the assistant did
    rejected: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    message_idx: int
    #: "user", "assistant", "system"
    role: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    messages: tuple[Message, ...]


# ------------------------------------------------------------------ signals


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


# ----------------------------------------------------------------- sessions


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


# --------------------------------------------------------------- activation


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


# ----------------------------------------------------------------- temporal


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


# ------------------------------------------------------------------ records


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


# ------------------------------------------------------------------- values


class LearningStatus(StrEnum):
    ACTIVE = "Active"
    DISABLED = "Disabled"
    DEPRECATED = "Deprecated"
    EXPERIMENTAL = "Experimental"


class VerdictKind(StrEnum):
    REMOVE = "remove"
    HARMFUL = "harmful"
    KEEP = "keep"
    HARMLESS = "harmless"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    kind: VerdictKind
    #: further eligible sessions until the verdict, the median likely effect held; None: over `SESSIONS_NEEDED_CAP`, or no experiment runs
    sessions_needed: int | None = None
    #: one sentence for a person
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExperimentResult:
    """Statistics of the two arms (statistics.md 6); None where there is an empty arm or n₁ + n₀ ≤ 2."""

    #: difference of weighted means, with − without
    marginal_value: float
    variance: float
    #: posterior mean and 2Φ(|z|) − 1
    shrunk_value: float
    confidence: float
    #: always-valid: may be looked at after every session
    p_anytime: float
    interval_low: float
    interval_high: float
    log_bf_harm: float
    z: float
    is_complete: bool
    #: complete and p_anytime < significance_level
    is_significant: bool
    #: diagnostic only, valid for one look planned beforehand
    p_welch: float
    t_welch: float
    df_welch: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationLift:
    """P(activated | injected) − P(activated | withheld) with Newcombe's 95 % interval."""

    lift: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningValue:
    """What all counted sessions together say about one learning. Key: learning_id."""

    learning_id: str
    estimated_value: float
    confidence: float
    #: records counted in the current epoch
    session_count: int
    #: share activated of the injected ones in which it can be told; 0 where there is none
    activation_rate: float
    temporal_value: float
    temporal_confidence: float
    ablation_value: float | None
    ablation_confidence: float | None
    status: LearningStatus
    status_reason: str | None = None
    #: newest timestamp among the counted records; 0 where there is none
    updated_at: int = 0
    verdict: Verdict = field(default_factory=lambda: Verdict(kind=VerdictKind.UNDECIDED))
    experiment: ExperimentResult | None = None
    lift: ActivationLift | None = None
    #: False: its use leaves no trace, so that sessions without a seen use count neither in `activation_rate` nor in `lift`
    can_tell: bool = True
    #: chance with which the next session withholds it
    next_withhold_probability: float = 0.0
    #: logarithm of the odds for harm that a removal asks for, as of the last refresh
    log_odds_needed: float = 0.0
    sessions_with: int = 0
    sessions_without: int = 0
    pinned: bool = False
    epoch: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOutcome:
    session_id: str
    outcome: float
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AblationExperiment:
    """The two arms of a learning's experiment in its current epoch. Key: learning_id."""

    learning_id: str
    started_at: int
    sessions_with: tuple[SessionOutcome, ...] = ()
    sessions_without: tuple[SessionOutcome, ...] = ()
    result: ExperimentResult | None = None


class DecisionKind(StrEnum):
    """What a line of the decision log says happened."""

    IMPORTED = "imported"
    EDITED = "edited"
    ENABLED = "enabled"
    DISABLED = "disabled"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    TRIED = "tried"
    TRIAL_ENDED = "trial_ended"
    DEPRECATED = "deprecated"
    REACTIVATED = "reactivated"
    #: takes another line back: what that one changed is as it was before it
    UNDONE = "undone"
    #: from now on drawn with a section, or by itself again
    GROUPED = "grouped"
    UNGROUPED = "ungrouped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One line of a learning's append-only history."""

    learning_id: str
    #: 1, 2, 3 … per learning
    number: int
    timestamp: int
    kind: DecisionKind
    #: "rule", or the person's name
    actor: str
    reason: str
    #: the epoch in force after it, and since when
    epoch: int
    epoch_started_at: int
    #: the numbers it rested on: estimated_value, confidence, session_count …
    numbers: dict[str, float] = field(default_factory=dict)
    #: the session whose records caused it; empty for a person's decision
    session_id: str = ""
    version: SessionVersion | None = None
    #: of kind "undone": the number of the line that it takes back
    undoes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What people have decided about a learning, folded from its decision log: the part of its status that no sum can say."""

    learning_id: str
    is_disabled: bool = False
    #: the person's reason for `is_disabled`
    reason: str = ""
    #: never deprecated, but still measured and withheld by the experiment
    is_pinned: bool = False
    #: randomised at `suspect_rate` until its verdict is no longer undecided
    on_trial: bool = False
    #: counts from 1; a new one begins when the content is edited or a person enables it: older records no longer count. An undo brings the
    #: one before back, and its records count again
    epoch: int = 1
    epoch_started_at: int = 0
    #: the section that it is injected or withheld together with: a learning of its own, which has the verdict; empty: none
    drawn_with: str = ""

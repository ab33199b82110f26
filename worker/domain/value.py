"""What all sessions together say about a learning."""

from dataclasses import dataclass, field
from enum import StrEnum


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

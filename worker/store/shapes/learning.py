"""One learning as a picture's numbers: its arms, its interval over time, its texts and records; and sessions in sums."""

from dataclasses import dataclass
from enum import StrEnum

from worker.domain import DecisionKind, ExperimentResult, LearningCategory


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeCount:
    """Records of one arm that ended so."""

    was_withheld: bool
    #: chance of being withheld
    probability: float
    outcome: float
    records: int
    #: of these, the ones that used it
    used: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Arms:
    """How the sessions with a learning, and those without it, ended: the randomised ones of its epoch."""

    learning_id: str
    epoch: int
    outcomes: tuple[OutcomeCount, ...]
    #: weighted means (statistics.md 6); None of an empty arm
    mean_with: float | None
    mean_without: float | None
    #: complete or not; None where there is none yet
    result: ExperimentResult | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A learning's records up to a moment."""

    #: the end of its stretch of time
    at: int
    #: records of this stretch
    sessions: int
    injected: int
    #: of the injected ones, those that used it
    used: int
    #: randomised records from the beginning of the epoch until then
    sessions_with: int
    sessions_without: int
    #: of all those; as the last point's, it is the learning's own
    result: ExperimentResult | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A line of the decision log, placed on the records' time."""

    number: int
    kind: DecisionKind
    actor: str
    at: int
    #: was taken back by a later line
    is_undone: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OverTime:
    """An epoch in stretches of equal time; those without a record are left out."""

    learning_id: str
    epoch: int
    #: of the first and the newest record; 0 where there is none
    first_at: int
    newest_at: int
    #: microseconds
    width: int
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TextOfEpochs:
    """A text, and the epochs that it was in force in."""

    first_epoch: int
    last_epoch: int
    #: when the first of them began
    since: int
    category: LearningCategory
    description: str
    insight: str
    pattern: str | None
    is_present: bool


class RecordSort(StrEnum):
    NEWEST = "newest"
    #: the used ones first, the newest of each first
    USED = "used"
    #: what moved most first
    MOVED = "moved"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordsWanted:
    was_withheld: bool | None = None
    was_used: bool | None = None
    #: randomised or not
    is_randomised: bool | None = None
    #: None: every epoch
    epoch: int | None = None
    sort: RecordSort = RecordSort.NEWEST
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class LeanRecord:
    """What one session says about one learning, without its quotes and signals."""

    session_id: str
    timestamp: int
    was_withheld: bool
    #: 0: not randomised
    withhold_probability: float
    was_used: bool
    confidence: float
    net_temporal: float
    outcome: float
    attributed_value: float
    epoch: int
    contaminated: bool
    assignment_mismatch: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPage:
    #: records that match the question, on this page or not
    total: int
    records: tuple[LeanRecord, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionSummary:
    """What a session's records say together."""

    session_id: str
    timestamp: int
    #: as its records have it; learnings may have one of their own: then the lowest and the highest
    outcome_low: float
    outcome_high: float
    learnings: int
    used: int
    withheld: int
    #: sum of the attributed values
    attributed: float
    #: `project=…`, `user=…` and so on, as known before its first answer; empty: nobody said
    levels: tuple[str, ...]

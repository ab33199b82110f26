"""A page of learnings: what may be asked for, and what each line has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from worker.domain import ExperimentResult, Learning, LearningCategory, LearningStatus, LearningValue, VerdictKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    low: float
    high: float


class LearningSort(StrEnum):
    """What comes first."""

    #: the best
    VALUE = "value"
    CONFIDENCE = "confidence"
    SESSIONS = "sessions"
    #: what asks for a decision
    VERDICT = "verdict"
    #: the surest gain: the lower end of the interval
    LOW = "low"
    #: used most often of those that had it
    USED = "used"
    #: the next verdict
    NEEDED = "needed"
    #: the dearest
    TOKENS = "tokens"
    #: the most value for a token
    WORTH = "worth"
    #: the newest
    CHANGED = "changed"
    ID = "id"


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningsWanted:
    """Whatever is left out, or empty, chooses nothing."""

    #: in id, description or insight, whatever the case
    text: str = ""
    category: LearningCategory | None = None
    #: `Global`, a project's path or a user's id
    scope: str = ""
    status: LearningStatus | None = None
    verdict: VerdictKind | None = None
    #: only those that may go, by their verdict or because they are hardly used
    may_go: bool = False
    sort: LearningSort = LearningSort.VALUE
    #: the other way round
    reverse: bool = False
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedLearning:
    learning: Learning
    value: LearningValue
    #: about what its insight costs in a context: four characters each
    tokens: int = 0
    #: the newest of its records, and of the beginning of its epoch
    changed_at: int = 0
    #: of an experiment that is not complete: its arms so far, which decide nothing; None where there is no result yet
    so_far: ExperimentResult | None = None
    #: around `value.temporal_value`: what was seen after its uses, which decides nothing; None where it was not used
    observed: Interval | None = None
    #: randomised sessions a day, between its first and its newest; None without any
    sessions_per_day: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facets:
    """How many there are of each, of all that match the text."""

    verdict: Mapping[VerdictKind, int] = field(default_factory=dict)
    status: Mapping[LearningStatus, int] = field(default_factory=dict)
    category: Mapping[LearningCategory, int] = field(default_factory=dict)
    #: `Global`, paths of projects, ids of users
    scope: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningPage:
    #: learnings that match the question, on this page or not
    total: int
    learnings: tuple[ListedLearning, ...]
    facets: Facets = field(default_factory=Facets)

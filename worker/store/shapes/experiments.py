"""All experiments together: how far they are, which cannot be trusted, and whose verdict comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a learning's experiment is."""

    #: disabled or deprecated
    OUT = "out"
    #: a verdict other than undecided
    SETTLED = "settled"
    #: complete, and still undecided
    COMPLETE = "complete"
    #: sessions in an arm, not yet enough of them
    RUNNING = "running"
    #: no randomised session
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExperimentLine:
    """One learning's experiment in a line."""

    learning_id: str
    stage: Stage
    sessions_with: int
    sessions_without: int
    next_withhold_probability: float
    #: chi-square test that withholding happened as often as its chances say; None while too few to test
    sample_ratio_p: float | None
    has_sample_ratio_mismatch: bool
    #: share of the withheld sessions whose context showed it all the same
    contaminated_share: float
    #: share of all sessions where event and assignment disagree
    mismatched_share: float
    sessions_needed: int | None
    #: randomised sessions a day
    sessions_per_day: float | None
    #: until the next verdict, at that rate; None: no forecast
    days_needed: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two learnings that always travel together; `one` comes first by its id."""

    one: str
    other: str
    #: of the sessions that injected one of the two, the share that injected both
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """From midnight to midnight, UTC."""

    start: int
    sessions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExperimentOverview:
    """All experiments together; each list has the most urgent first, and no more than asked for."""

    #: learnings by stage
    coverage: Mapping[Stage, int]
    #: of the last 30 days that had any session, oldest first
    days: tuple[Day, ...]
    #: the smallest p first
    sample_ratio: tuple[ExperimentLine, ...]
    contaminated: tuple[ExperimentLine, ...]
    mismatched: tuple[ExperimentLine, ...]
    #: withheld more often, under suspicion or on trial
    suspects: tuple[ExperimentLine, ...]
    #: the soonest verdict first
    forecasts: tuple[ExperimentLine, ...]
    #: the closest first
    pairs: tuple[Pair, ...]
    #: all of them, listed or not
    n_pairs: int

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
    #: so many that the experiment sees visibly less than the truth
    is_contaminated: bool
    #: share of all sessions where event and assignment disagree
    mismatched_share: float
    #: of the present text, randomised or not
    sessions: int
    #: an arm is too small for the experiment to say anything
    has_too_few: bool
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
    """All experiments together; each list has the most urgent first, and no more than asked for.

    What the lists leave out is counted all the same: `n_mismatched_ratios` and `n_contaminated` are the first so many of their lists.
    """

    #: learnings by stage
    coverage: Mapping[Stage, int]
    #: learnings that have sessions and are neither disabled nor deprecated
    n_watched: int
    #: of the last 30 days that had any session, oldest first
    days: tuple[Day, ...]
    #: the smallest p first
    sample_ratio: tuple[ExperimentLine, ...]
    #: enough sessions to test the ratio
    n_tested: int
    #: not withheld as their chances say
    n_mismatched_ratios: int
    #: the largest share first
    contaminated: tuple[ExperimentLine, ...]
    #: with a share above which the experiment sees visibly less than the truth
    n_contaminated: int
    #: the largest share first
    mismatched: tuple[ExperimentLine, ...]
    n_mismatched: int
    #: of those watched, too small for a verdict; the most sessions first
    too_few: tuple[ExperimentLine, ...]
    n_too_few: int
    #: withheld more often, under suspicion or on trial
    suspects: tuple[ExperimentLine, ...]
    n_suspects: int
    #: the soonest verdict first
    forecasts: tuple[ExperimentLine, ...]
    #: the closest first
    pairs: tuple[Pair, ...]
    #: all of them, listed or not
    n_pairs: int

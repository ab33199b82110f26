"""A session's way through the store: what its workers are given, and what its finish answers."""

from dataclasses import dataclass, field

from worker.domain import Assignment, AttributionRecord, Decision, Learning, LearningValue


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedSession:
    """What the store knows about a session before any of its learnings is attributed."""

    #: those of the asked-for and the assigned learnings that are known
    learnings: dict[str, Learning] = field(default_factory=dict)
    #: logged by our own assignment API for this session, whether asked for or not
    assignments: dict[str, Assignment] = field(default_factory=dict)
    #: this very version was finished before
    is_finished: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedSession:
    """What a finished attempt publishes beside the records that came with it; asking again gives the same deprecations."""

    #: the version's records that were stored before and did not come again, by learning. Without a default: an answer that lacks it comes
    #: from another release, and is refused
    kept: tuple[AttributionRecord, ...]
    values: tuple[LearningValue, ...] = ()
    #: this version's, read back from the decision log: those it caused, those that waited for a session to tell them, and those that an
    #: earlier version of the session told and that still stand
    deprecations: tuple[Decision, ...] = ()
    #: records that were not taken: learning id -> why
    refused: dict[str, str] = field(default_factory=dict)

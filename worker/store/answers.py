"""What the public HTTP API answers where the answer is no domain object of its own; server and commands share these shapes."""

from dataclasses import dataclass

from worker.domain import AttributionRecord, Decision, Learning, LearningStatus, LearningValue, VerdictKind
from worker.layers.aggregation.breakdown import GroupEffect
from worker.store.section_told import SectionTold
from worker.store.shapes.assignments import AssignmentAnswer, TakenDecision
from worker.store.shapes.health import LearningHealth


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    version: str
    #: rows by relation
    counts: dict[str, int]
    learnings_by_status: dict[LearningStatus, int]
    learnings_by_verdict: dict[VerdictKind, int]
    #: learnings with at least one record that counts
    learnings_with_sessions: int
    #: over those learnings; null where there is none
    average_value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    #: another text after whatever was written to the store, and after its restart
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """All that is known about one learning."""

    learning: Learning
    value: LearningValue
    health: LearningHealth
    #: newest first
    recent: list[AttributionRecord]
    history: list[Decision]
    #: its effect by project, user and so on
    groups: tuple[GroupEffect, ...]
    #: what its section's verdict says of it, or its own of its learnings; None: it is drawn by itself
    section: SectionTold | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignments:
    session_id: str
    assignments: list[AssignmentAnswer]


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenDecisions:
    #: in the order that they came in
    decisions: list[TakenDecision]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouped:
    #: learnings that are drawn with another section than before, or by themselves again
    changed: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowChange:
    """A learning's value under the settings in force, and under those that were tried."""

    now: LearningValue
    then: LearningValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Refreshed:
    #: cached values that were brought up to date
    changed: int

"""Learnings that are injected or withheld together."""

from dataclasses import dataclass

from worker.domain import Learning, LearningValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Learnings that are injected or withheld together."""

    section: Learning
    #: the common value, and the verdict
    value: LearningValue
    #: each one's own value, by id
    learnings: tuple[LearningValue, ...]

"""A learning's status: a function of today's evidence and of people's decisions, not of their order (statistics.md 9)."""

from worker.domain import LearningStatus, Standing, VerdictKind


def status(kind: VerdictKind, standing: Standing) -> LearningStatus:
    """A person's decision always wins; Deprecated holds while the rule does, and is undone by a new epoch."""
    if standing.is_disabled:
        return LearningStatus.DISABLED
    if kind is VerdictKind.REMOVE and not standing.is_pinned:
        return LearningStatus.DEPRECATED
    if standing.on_trial and kind is VerdictKind.UNDECIDED:
        return LearningStatus.EXPERIMENTAL
    return LearningStatus.ACTIVE


def status_reason(of: LearningStatus, standing: Standing, verdict_reason: str) -> str | None:
    """For a person; None where there is nothing to explain."""
    if of is LearningStatus.DISABLED:
        return standing.reason or "disabled by a person"
    if of is LearningStatus.EXPERIMENTAL:
        return standing.reason or "on trial until its verdict"
    return verdict_reason if of is LearningStatus.DEPRECATED else None

"""A learning's history folded into where it stands: people's decisions, its epochs, and the status that the log tells of last."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from worker.domain import Decision, DecisionKind, LearningStatus, Standing
from worker.store.cozo.rows import StandingRow

#: these begin a new epoch: records of earlier ones no longer count
EPOCH_BEGINNINGS = frozenset({DecisionKind.EDITED, DecisionKind.ENABLED})


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningHistory:
    standing: Standing
    #: epoch k began at epoch_starts[k − 1]
    epoch_starts: tuple[int, ...]
    #: lines in the log
    decisions: int
    #: as of the newest line
    status: LearningStatus

    def epoch_at(self, timestamp: int) -> int:
        """The epoch in force then; what lies before the first one belongs to it."""
        return max(1, bisect_right(self.epoch_starts, timestamp))


def begin(learning_id: str, *, now: int) -> LearningHistory:
    standing = Standing(learning_id=learning_id, epoch=1, epoch_started_at=now)
    return LearningHistory(standing=standing, epoch_starts=(now,), decisions=0, status=LearningStatus.ACTIVE)


def followed_by(history: LearningHistory, decision: Decision) -> LearningHistory:
    """Fold one more line. The rule's own lines change what the log tells of last, never what people decided."""
    starts = history.epoch_starts
    if decision.kind in EPOCH_BEGINNINGS:
        starts = (*starts, decision.epoch_started_at)
    standing = replace(_decided(history.standing, decision), epoch=len(starts), epoch_started_at=starts[-1])
    return replace(history, standing=standing, epoch_starts=starts, decisions=decision.number)


def _decided(standing: Standing, decision: Decision) -> Standing:
    match decision.kind:
        case DecisionKind.DISABLED:
            return replace(standing, is_disabled=True, reason=decision.reason)
        case DecisionKind.ENABLED:
            return replace(standing, is_disabled=False, on_trial=False, reason="")
        case DecisionKind.PINNED:
            return replace(standing, is_pinned=True)
        case DecisionKind.UNPINNED:
            return replace(standing, is_pinned=False)
        case DecisionKind.TRIED:
            return replace(standing, on_trial=True, reason=decision.reason)
        case _:
            return standing


def history_row(history: LearningHistory) -> StandingRow:
    standing = history.standing
    return StandingRow(
        learning_id=standing.learning_id,
        is_disabled=standing.is_disabled,
        reason=standing.reason,
        is_pinned=standing.is_pinned,
        on_trial=standing.on_trial,
        epoch_starts=list(history.epoch_starts),
        decisions=history.decisions,
        status=str(history.status),
    )


def history_of(row: StandingRow, drawn_with: str = "") -> LearningHistory:
    standing = Standing(
        learning_id=row.learning_id,
        is_disabled=row.is_disabled,
        reason=row.reason,
        is_pinned=row.is_pinned,
        on_trial=row.on_trial,
        epoch=len(row.epoch_starts),
        epoch_started_at=row.epoch_starts[-1],
        drawn_with=drawn_with,
    )
    return LearningHistory(
        standing=standing,
        epoch_starts=tuple(row.epoch_starts),
        decisions=row.decisions,
        status=LearningStatus(row.status),
    )

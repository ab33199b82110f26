"""A learning's history folded into where it stands: people's decisions, its epochs, and the status that the log tells of last."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import starmap

from worker.domain import Decision, DecisionKind, LearningStatus, Standing
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.rows import ReturnRow, StandingRow

#: these begin a new epoch: records of earlier ones no longer count
EPOCH_BEGINNINGS = frozenset({DecisionKind.EDITED, DecisionKind.ENABLED})
#: what a line of a person's may change
_DECIDED = ("is_disabled", "is_pinned", "on_trial", "epoch", "reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningHistory:
    standing: Standing
    #: epoch k began at epoch_starts[k − 1]
    epoch_starts: tuple[int, ...]
    #: (since when, epoch) of earlier epochs that an undo brought back; later than whatever stood before it
    returns: tuple[tuple[int, int], ...] = ()
    #: lines in the log
    decisions: int
    #: as of the newest line
    status: LearningStatus

    @property
    def turns(self) -> list[tuple[int, int]]:
        """(since when, epoch) in force one after the other."""
        return sorted([*((at, epoch) for epoch, at in enumerate(self.epoch_starts, 1)), *self.returns])

    def epoch_at(self, timestamp: int) -> int:
        """The epoch in force then; what lies before the first one belongs to it."""
        if not self.returns:
            return max(1, bisect_right(self.epoch_starts, timestamp))
        in_force = [epoch for at, epoch in self.turns if at <= timestamp]
        return in_force[-1] if in_force else 1

    def next_turn(self, now: int, *, is_return: bool = False) -> int:
        """When another epoch comes into force: now, or after the present one where the clock was set back."""
        return max(now, self.standing.epoch_started_at + (is_return or bool(self.returns)))


def begin(learning_id: str, *, now: int) -> LearningHistory:
    standing = Standing(learning_id=learning_id, epoch=1, epoch_started_at=now)
    return LearningHistory(standing=standing, epoch_starts=(now,), decisions=0, status=LearningStatus.ACTIVE)


def followed_by(history: LearningHistory, decision: Decision) -> LearningHistory:
    """Fold one more line, which is no undo. The rule's own lines change what the log tells of last, never what people decided."""
    starts, standing = history.epoch_starts, _decided(history.standing, decision)
    if decision.kind in EPOCH_BEGINNINGS:
        starts = (*starts, decision.epoch_started_at)
        standing = replace(standing, epoch=len(starts), epoch_started_at=starts[-1])
    return replace(history, standing=standing, epoch_starts=starts, decisions=decision.number)


def followed_by_undo(history: LearningHistory, decision: Decision, standing: Standing) -> LearningHistory:
    """Fold a line that takes another one back; `standing`: what that leaves (`taken_back`)."""
    returns = history.returns
    if standing.epoch != history.standing.epoch:
        returns = (*returns, (decision.epoch_started_at, standing.epoch))
        standing = replace(standing, epoch_started_at=decision.epoch_started_at)
    return replace(history, standing=standing, returns=returns, decisions=decision.number)


def taken_back(now: Standing, *, before: Standing, after: Standing) -> Standing:
    """What one line changed from `before` to `after` as it was before it, and whatever else was decided as it is now."""
    theirs = {
        name: getattr(before, name)
        for name in _DECIDED
        if getattr(before, name) != getattr(after, name) == getattr(now, name)
    }
    return replace(now, **theirs)


def decided_since(now: Standing, *, before: Standing, after: Standing) -> bool:
    """Whether anything that the line changed was decided otherwise since."""
    return any(
        getattr(before, name) != getattr(after, name) != getattr(now, name) for name in _DECIDED if name != "reason"
    )


def fold(lines: Sequence[Decision]) -> list[LearningHistory]:
    """Before the first line, after it, after the second … Status is as it was in the beginning: only the records tell it."""
    first = lines[0]
    folded = [begin(first.learning_id, now=first.epoch_started_at)]
    for line in lines:
        if line.undoes is None:
            folded.append(followed_by(folded[-1], line))
        else:
            before, after = folded[line.undoes - 1 : line.undoes + 1]
            standing = taken_back(folded[-1].standing, before=before.standing, after=after.standing)
            folded.append(followed_by_undo(folded[-1], line, standing))
    return folded


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
    """Without its returns, which stand with the lines that made them."""
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


def read_histories(source: CozoDatabase | Transaction) -> dict[str, LearningHistory]:
    """The histories of all learnings."""
    returns: dict[str, list[ReturnRow]] = {}
    for row in starmap(ReturnRow, source.read("all_returns")):
        returns.setdefault(row.learning_id, []).append(row)
    sections = {row[0]: row[1] for row in source.read("all_members")}
    rows = starmap(StandingRow, source.read("all_standings"))
    return {
        row.learning_id: _history_of(row, returns.get(row.learning_id, ()), sections.get(row.learning_id, ""))
        for row in rows
    }


def _history_of(row: StandingRow, returns: Iterable[ReturnRow], drawn_with: str) -> LearningHistory:
    starts = tuple(row.epoch_starts)
    # an undo that left the epoch alone names the time at which that came into force
    known, brought_back = set(starts), []
    for back in sorted(returns, key=lambda back: back.number):
        if back.epoch_started_at not in known:
            known.add(back.epoch_started_at)
            brought_back.append((back.epoch_started_at, back.epoch))
    last_at, epoch = max([(starts[-1], len(starts)), *brought_back])
    standing = Standing(
        learning_id=row.learning_id,
        is_disabled=row.is_disabled,
        reason=row.reason,
        is_pinned=row.is_pinned,
        on_trial=row.on_trial,
        epoch=epoch,
        epoch_started_at=last_at,
        drawn_with=drawn_with,
    )
    return LearningHistory(
        standing=standing,
        epoch_starts=starts,
        returns=tuple(brought_back),
        decisions=row.decisions,
        status=LearningStatus(row.status),
    )

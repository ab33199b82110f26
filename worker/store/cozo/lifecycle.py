"""What happens to a learning over time: imported, edited, decided about by people, deprecated and brought back by the rule.

Every change is a line in the learning's decision log, written in the transaction that brings its cached value up to date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from worker.domain import Decision, DecisionKind, Learning, LearningStatus, LearningValue, SessionVersion
from worker.store.cozo.database import Transaction
from worker.store.cozo.history import (
    EPOCH_BEGINNINGS,
    LearningHistory,
    begin,
    followed_by,
    followed_by_undo,
    history_row,
)
from worker.store.cozo.memory import Memory
from worker.store.cozo.row_codec import decision_of, decision_row, former_text_row, learning_row, value_row
from worker.store.cozo.rows import DecisionRow, ExperimentRow
from worker.store.cozo.sums_book import Book
from worker.store.cozo.totals import Totals
from worker.store.cozo.undoing import RULE, Undoing
from worker.store.cozo.values import Valuer


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """The session version whose message carries the transitions found."""

    session_id: str
    version: SessionVersion


class Lifecycle:
    """One transaction's lines and values; each history is written once, in `save`."""

    def __init__(self, transaction: Transaction, draft: Memory, book: Book, valuer: Valuer, *, now: int) -> None:
        self._transaction = transaction
        self._draft = draft
        self._book = book
        self._valuer = valuer
        self._now = now
        self._changed: set[str] = set()

    def import_one(self, learning: Learning, *, actor: str) -> str:
        """-> "new", "changed" or "unchanged", the names of `ImportReport`'s fields."""
        stored = self._draft.learnings.get(learning.learning_id)
        if learning == stored:
            return "unchanged"
        self._draft.learnings[learning.learning_id] = learning
        self._transaction.write("put_learning", [learning_row(learning)])
        if stored is None:
            self._draft.histories[learning.learning_id] = begin(learning.learning_id, now=self._now)
            self.append(learning.learning_id, DecisionKind.IMPORTED, actor=actor, reason="")
            return "new"
        if _content(learning) == _content(stored):
            return "unchanged"
        epoch = len(self._draft.histories[learning.learning_id].epoch_starts)
        self._transaction.write("put_former_text", [former_text_row(stored, epoch=epoch)])
        self.append(learning.learning_id, DecisionKind.EDITED, actor=actor, reason="its text or category changed")
        return "changed"

    def append(
        self,
        learning_id: str,
        kind: DecisionKind,
        *,
        actor: str,
        reason: str,
        value: LearningValue | None = None,
        cause: Cause | None = None,
    ) -> Decision:
        """One more line; a new epoch is entered in the book as well."""
        before = self._draft.histories[learning_id]
        standing = before.standing
        begins = kind in EPOCH_BEGINNINGS
        decision = Decision(
            learning_id=learning_id,
            number=before.decisions + 1,
            timestamp=self._now,
            kind=kind,
            actor=actor,
            reason=reason,
            epoch=len(before.epoch_starts) + 1 if begins else standing.epoch,
            epoch_started_at=before.next_turn(self._now) if begins else standing.epoch_started_at,
            numbers=_numbers(value) if value else {},
            session_id=cause.session_id if cause else "",
            version=cause.version if cause else None,
        )
        if begins:
            self._book.replace_epoch(learning_id, old=standing.epoch, new=decision.epoch)
        self._note(decision, followed_by(before, decision))
        return decision

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str) -> Decision:
        """A person's line explains the status that follows from it, unless the rule adds its own."""
        before = self._valuer.value(self._draft, learning_id)
        decision = self.append(learning_id, kind, actor=actor, reason=reason, value=before)
        self._explain_status(learning_id)
        return decision

    def take_back(self, undoing: Undoing, *, actor: str, reason: str) -> Decision:
        """A line that takes another one back; the epoch that was in force before that one, and its evidence, count again."""
        learning_id = undoing.line.learning_id
        before = self._draft.histories[learning_id]
        old, new = before.standing.epoch, undoing.leaves.epoch
        decision = Decision(
            learning_id=learning_id,
            number=before.decisions + 1,
            timestamp=self._now,
            kind=DecisionKind.UNDONE,
            actor=actor,
            reason=reason,
            epoch=new,
            epoch_started_at=before.standing.epoch_started_at
            if new == old
            else before.next_turn(self._now, is_return=True),
            numbers=_numbers(self._valuer.value(self._draft, learning_id)),
            undoes=undoing.line.number,
        )
        if new != old:
            self._book.replace_epoch(learning_id, old=old, new=new)
        self._note(decision, followed_by_undo(before, decision, undoing.leaves))
        self._transaction.write("put_undone", [[learning_id, decision.number, undoing.line.number]])
        self._explain_status(learning_id)
        return decision

    def bring_up_to_date(
        self, learning_ids: Iterable[str], *, cause: Cause | None = None
    ) -> tuple[list[LearningValue], list[Decision]]:
        """Write value and experiment of each where they changed -> (values, the deprecations among the transitions)."""
        values, deprecations = [], []
        for learning_id in learning_ids:
            value = self._valuer.value(self._draft, learning_id)
            transition = self._transition(value, cause)
            if transition and transition.kind is DecisionKind.DEPRECATED:
                deprecations.append(transition)
            self._cache(value)
            values.append(value)
        return values, deprecations

    def carry(self, cause: Cause) -> list[Decision]:
        """Deprecations that no session caused travel with the next one to finish."""
        waiting = [key for key, waits in self._draft.unpublished.items() if waits]
        if not waiting:
            return []
        carried = self._carried(self._read("unpublished"), cause)
        self._transaction.write("rm_unpublished", [list(key) for key in waiting])
        self._draft.unpublished.update(dict.fromkeys(waiting, False))
        return carried

    def take_over(self, cause: Cause) -> list[Decision]:
        """Deprecations that an earlier version of the session carried and that still stand: of its messages the newest counts, and an
        earlier one may never have gone out.
        """
        told = self._read("decisions_of_session", session_id=cause.session_id)
        earlier = [d for d in told if d.kind is DecisionKind.DEPRECATED and d.version != cause.version]
        return self._carried([decision for decision in earlier if self._still_stands(decision)], cause)

    def release(self, session_id: str) -> None:
        """Lines that the session caused stay without its name; a deprecation among them that still stands travels with the next one."""
        told = self._read("decisions_of_session", session_id=session_id)
        nameless = [replace(decision, session_id="", version=None) for decision in told]
        self._transaction.write("put_decision", [decision_row(decision) for decision in nameless])
        waiting = [d for d in nameless if d.kind is DecisionKind.DEPRECATED and self._still_stands(d)]
        self._transaction.write("put_unpublished", [[d.learning_id, d.number] for d in waiting])

    def _read(self, name: str, **arguments: str) -> list[Decision]:
        return [decision_of(DecisionRow(*row)) for row in self._transaction.read(name, **arguments)]

    def _carried(self, decisions: list[Decision], cause: Cause) -> list[Decision]:
        carried = [replace(decision, session_id=cause.session_id, version=cause.version) for decision in decisions]
        self._transaction.write("put_decision", [decision_row(decision) for decision in carried])
        return carried

    def _still_stands(self, deprecation: Decision) -> bool:
        """The learning is deprecated, and by this line: neither an older one, nor one that this transaction adds."""
        learning_id = deprecation.learning_id
        if learning_id in self._changed or self._draft.histories[learning_id].status is not LearningStatus.DEPRECATED:
            return False
        lines = self._read("decisions", learning_id=learning_id)
        return deprecation.number == max(line.number for line in lines if line.kind is DecisionKind.DEPRECATED)

    def _note(self, decision: Decision, history: LearningHistory) -> None:
        self._draft.histories[decision.learning_id] = history
        self._changed.add(decision.learning_id)
        self._transaction.write("put_decision", [decision_row(decision)])

    def _explain_status(self, learning_id: str) -> None:
        """The person's line explains the status that follows, unless the rule adds its own."""
        status = self._valuer.value(self._draft, learning_id).status
        if status is not LearningStatus.DEPRECATED:
            self._take_status(learning_id, status)
        self.bring_up_to_date([learning_id])

    def save(self) -> None:
        rows = [history_row(self._draft.histories[learning_id]) for learning_id in sorted(self._changed)]
        self._transaction.write("put_standing", rows)

    def _cache(self, value: LearningValue) -> None:
        learning_id = value.learning_id
        row, experiment = value_row(value), experiment_row(self._draft.totals_of(learning_id), value)
        if self._draft.values.get(learning_id) != row:
            self._draft.values[learning_id] = row
            self._transaction.write("put_value", [row])
        if self._draft.experiments.get(learning_id) != experiment:
            self._draft.experiments[learning_id] = experiment
            self._transaction.write("put_experiment", [experiment])

    def _transition(self, value: LearningValue, cause: Cause | None) -> Decision | None:
        told = self._draft.histories[value.learning_id].status
        if value.status is told:
            return None
        kind = _TRANSITIONS.get((told, value.status)) or _TRANSITIONS[None, value.status]
        reason = value.status_reason or value.verdict.reason
        decision = self.append(value.learning_id, kind, actor=RULE, reason=reason, value=value, cause=cause)
        self._take_status(value.learning_id, value.status)
        if kind is DecisionKind.DEPRECATED and cause is None:
            self._draft.unpublished[value.learning_id, decision.number] = True
            self._transaction.write("put_unpublished", [[value.learning_id, decision.number]])
        return decision

    def _take_status(self, learning_id: str, status: LearningStatus) -> None:
        self._draft.histories[learning_id] = replace(self._draft.histories[learning_id], status=status)
        self._changed.add(learning_id)


#: (status that the log tells of, status by the sums in force) -> line; None: whatever it told before
_TRANSITIONS: Mapping[tuple[LearningStatus | None, LearningStatus], DecisionKind] = {
    (None, LearningStatus.DEPRECATED): DecisionKind.DEPRECATED,
    (None, LearningStatus.EXPERIMENTAL): DecisionKind.TRIED,
    (None, LearningStatus.ACTIVE): DecisionKind.REACTIVATED,
    (LearningStatus.EXPERIMENTAL, LearningStatus.ACTIVE): DecisionKind.TRIAL_ENDED,
}


def experiment_row(totals: Totals, value: LearningValue) -> ExperimentRow:
    """An experiment that is not complete has no result."""
    done = value.experiment
    return ExperimentRow(
        learning_id=value.learning_id,
        started_at=totals.first_at,
        sessions_with_json="[]",
        sessions_without_json="[]",
        marginal_value=done.marginal_value if done else None,
        confidence=done.confidence if done else None,
        is_significant=done.is_significant if done else None,
    )


def _content(learning: Learning) -> tuple[object, ...]:
    """What makes it another learning when it changes: evidence about the old text says nothing about the new one."""
    return learning.category, learning.description, learning.insight, learning.pattern


def _numbers(value: LearningValue) -> dict[str, float]:
    numbers = {
        "estimated_value": value.estimated_value,
        "confidence": value.confidence,
        "session_count": float(value.session_count),
        "sessions_with": float(value.sessions_with),
        "sessions_without": float(value.sessions_without),
    }
    if value.experiment:
        numbers |= {"marginal_value": value.experiment.marginal_value, "log_bf_harm": value.experiment.log_bf_harm}
    return numbers

"""Inject or withhold: the experiment's decision for one session, made by hash and logged once (statistics.md 2, 8 and 10)."""

from dataclasses import dataclass

from worker.domain import LearningStatus
from worker.layers.protocols import AblationStrategy
from worker.store.cozo.rows import AssignmentRow, ValueRow
from worker.store.protocol import AssignmentAnswer

INJECT, WITHHOLD, EXCLUDED = "inject", "withhold", "excluded"
_NEVER_INJECTED = frozenset({LearningStatus.DISABLED, LearningStatus.DEPRECATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigner:
    strategy: AblationStrategy
    session_id: str
    now: int

    def decide(self, value: ValueRow) -> tuple[AssignmentAnswer, AssignmentRow]:
        """From a learning's cached value, brought up to date whenever one of its sessions finishes or a person decides
        -> the answer, and its row for the assignment log.
        """
        answer = self._answer(value)
        return answer, AssignmentRow(
            session_id=self.session_id,
            learning_id=answer.learning_id,
            withhold_probability=answer.withhold_probability,
            was_withheld=answer.decision == WITHHOLD,
            epoch=value.epoch,
            decision=answer.decision,
            reason=answer.reason,
            assigned_at=self.now,
        )

    def _answer(self, value: ValueRow) -> AssignmentAnswer:
        if is_excluded(value):
            return exclusion(value)
        p = round(value.next_withhold_probability, 6)
        withheld = self.strategy.should_withhold(
            learning_id=value.learning_id, session_id=self.session_id, probability=p
        )
        return AssignmentAnswer(
            learning_id=value.learning_id, decision=WITHHOLD if withheld else INJECT, withhold_probability=p
        )


def is_excluded(value: ValueRow) -> bool:
    """Disabled or deprecated, as it stands now."""
    return value.status in _NEVER_INJECTED


def exclusion(value: ValueRow) -> AssignmentAnswer:
    reason = f"{value.status}: {value.status_reason}" if value.status_reason else value.status
    return AssignmentAnswer(learning_id=value.learning_id, decision=EXCLUDED, withhold_probability=0.0, reason=reason)


def answer_of(row: AssignmentRow) -> AssignmentAnswer:
    """As it was logged."""
    return AssignmentAnswer(
        learning_id=row.learning_id,
        decision=row.decision,
        withhold_probability=row.withhold_probability,
        reason=row.reason,
    )

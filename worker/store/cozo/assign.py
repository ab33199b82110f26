"""Inject or withhold: the experiment's decision for one session, made by hash and logged once (statistics.md 2, 8 and 10)."""

from dataclasses import dataclass

from worker.domain import LearningStatus
from worker.layers.protocols import AblationStrategy
from worker.store.cozo.database import Row
from worker.store.cozo.rows import Chance
from worker.store.protocol import AssignmentAnswer

INJECT, WITHHOLD, EXCLUDED = "inject", "withhold", "excluded"
_NEVER_INJECTED = frozenset({LearningStatus.DISABLED, LearningStatus.DEPRECATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigner:
    strategy: AblationStrategy
    session_id: str
    now: int

    def decide(self, value_row: Row) -> tuple[AssignmentAnswer, Row]:
        """From a learning's cached value, brought up to date whenever one of its sessions finishes or a person decides
        -> the answer, and its row for the assignment log.
        """
        chance = Chance.of(value_row)
        answer = self._answer(chance)
        was_withheld = answer.decision == WITHHOLD
        p, reason = answer.withhold_probability, answer.reason
        logged = [answer.learning_id, p, was_withheld, chance.epoch, answer.decision, reason]
        return answer, [self.session_id, *logged, self.now]

    def _answer(self, chance: Chance) -> AssignmentAnswer:
        if chance.status in _NEVER_INJECTED:
            reason = f"{chance.status}: {chance.reason}" if chance.reason else str(chance.status)
            return AssignmentAnswer(
                learning_id=chance.learning_id, decision=EXCLUDED, withhold_probability=0.0, reason=reason
            )
        p = round(chance.probability, 6)
        withheld = self.strategy.should_withhold(
            learning_id=chance.learning_id, session_id=self.session_id, probability=p
        )
        return AssignmentAnswer(
            learning_id=chance.learning_id, decision=WITHHOLD if withheld else INJECT, withhold_probability=p
        )


def answer_of(row: Row) -> AssignmentAnswer:
    """As it was logged."""
    return AssignmentAnswer(learning_id=row[0], decision=row[4], withhold_probability=row[1], reason=row[5])

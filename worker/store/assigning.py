"""Inject or withhold: the experiment's decision for one session, made by hash and logged once (statistics.md 2, 8 and 10)."""

from dataclasses import dataclass
from typing import Any

from worker.domain import LearningStatus
from worker.errors import NotFound
from worker.layers.protocols import AblationStrategy
from worker.store.database import Row, Transaction
from worker.store.history import history_of
from worker.store.protocol import AssignmentAnswer

INJECT, WITHHOLD, EXCLUDED = "inject", "withhold", "excluded"
_NEVER_INJECTED = frozenset({LearningStatus.DISABLED, LearningStatus.DEPRECATED})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chance:
    """What a learning's cached value says about its next session."""

    epoch: int
    status: LearningStatus
    reason: str
    probability: float


def assign(
    transaction: Transaction, strategy: AblationStrategy, session_id: str, learning_ids: list[str], *, now: int
) -> list[AssignmentAnswer]:
    """One answer for each learning asked for, in that order; those logged before as they were logged.

    Raises `NotFound`, and logs nothing, if one of them is unknown.
    """
    asked = list(dict.fromkeys(learning_ids))
    logged = {row[0]: _answer_of(row) for row in transaction.read("assignments", session_id=session_id)}
    fresh = [learning_id for learning_id in asked if learning_id not in logged]
    chances = _chances(transaction, fresh)
    missing = [learning_id for learning_id in fresh if learning_id not in chances]
    if missing:
        raise NotFound(f"no learning {', '.join(missing[:5])}")
    for learning_id in fresh:
        answer = _decide(strategy, session_id, learning_id, chances[learning_id])
        logged[learning_id] = answer
        transaction.write("put_assignment", [_row(session_id, answer, epoch=chances[learning_id].epoch, now=now)])
    return [logged[learning_id] for learning_id in asked]


def _decide(strategy: AblationStrategy, session_id: str, learning_id: str, chance: _Chance) -> AssignmentAnswer:
    if chance.status in _NEVER_INJECTED:
        reason = f"{chance.status}: {chance.reason}" if chance.reason else str(chance.status)
        return AssignmentAnswer(learning_id=learning_id, decision=EXCLUDED, withhold_probability=0.0, reason=reason)
    p = round(chance.probability, 6)
    withheld = strategy.should_withhold(learning_id=learning_id, session_id=session_id, probability=p)
    return AssignmentAnswer(learning_id=learning_id, decision=WITHHOLD if withheld else INJECT, withhold_probability=p)


def _chances(transaction: Transaction, learning_ids: list[str]) -> dict[str, _Chance]:
    keys = [[learning_id] for learning_id in learning_ids]
    if not keys:
        return {}
    epochs = {row[0]: history_of(row).standing.epoch for row in transaction.read("standings", keys=keys)}
    return {
        row[0]: _Chance(epoch=epochs[row[0]], status=LearningStatus(row[1]), reason=row[2] or "", probability=row[3])
        for row in transaction.read("chances", keys=keys)
    }


def _row(session_id: str, answer: AssignmentAnswer, *, epoch: int, now: int) -> Row:
    withheld = answer.decision == WITHHOLD
    return [
        session_id,
        answer.learning_id,
        answer.withhold_probability,
        withheld,
        epoch,
        answer.decision,
        answer.reason,
        now,
    ]


def _answer_of(row: list[Any]) -> AssignmentAnswer:
    return AssignmentAnswer(learning_id=row[0], decision=row[4], withhold_probability=row[1], reason=row[5])

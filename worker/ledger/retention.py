"""What is thrown away after a while; ids stay, so that a rewound log brings nothing old back as new.

Of what is due, one call throws away the oldest day's only: a clock that jumps ahead, even by years, costs a day, not everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, exists, func, select, update

from worker.ledger.database import Database
from worker.ledger.schema import (
    DeadLetterRow,
    Entry,
    Event,
    Lightweight,
    OutboxRow,
    Payload,
    Session,
    SessionStep,
    Transcript,
)
from worker.ledger.states import DeadLetterState, EntryState, SessionState
from worker.system.clock import DAY

#: sessions, or rows, dealt with in one transaction: others get their turn in between
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """Rows thrown away, or (lightweight events) emptied."""

    payloads: int
    lightweight: int
    transcripts: int
    entries: int
    steps: int
    outbox: int
    dead_letters: int


class Retention:
    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int | None:
        """When the latest event was received; None: there is none."""
        with self._database.single() as connection:
            return connection.scalar(select(func.max(Event.received_at)))

    def prune(self, *, keep_days: float) -> Pruned:
        """Remove what only a new attempt would need, and the history, of sessions that finished longer ago than `keep_days`.

        Failed entries stay until they are retried, open dead letters until they are settled, unsent messages until they are sent.
        """
        over = self._before(
            keep_days, Session.finished_at, (*_OVER, exists().where(Payload.event_id == Session.event_id))
        )
        unclaimed = self._before(keep_days, Lightweight.received_at, _UNCLAIMED)
        settled = self._before(keep_days, DeadLetterRow.at, _SETTLED)
        return Pruned(
            payloads=self._repeat(_payloads(over)),
            lightweight=self._repeat(_lightweight(over)) + self._repeat(_unclaimed(unclaimed)),
            transcripts=self._repeat(_transcripts(over)),
            entries=self._repeat(_entries(over)),
            steps=self._repeat(_steps(over)),
            outbox=self.prune_sent(keep_days=keep_days),
            dead_letters=self._repeat(_dead_letters(settled)),
        )

    def prune_sent(self, *, keep_days: float) -> int:
        """Messages that were sent longer ago -> how many."""
        return self._repeat(_sent(self._before(keep_days, OutboxRow.sent_at, ())))

    def _before(self, keep_days: float, column: Any, condition: Sequence[ColumnElement[bool]]) -> int:
        """What lies before this moment is thrown away: what is due, and at most a day more than the oldest that is kept."""
        with self._database.single() as connection:
            before = self._database.clock(connection) - int(keep_days * DAY)
            oldest = connection.scalar(select(func.min(column)).where(*condition))
        return before if oldest is None else min(before, oldest + DAY)

    def _repeat(self, statement: Delete | Update) -> int:
        total = 0
        while True:
            with self._database.write() as connection:
                count = connection.execute(statement).rowcount
            total += count
            if not count:
                return total


#: sessions that nothing is about to reopen
_OVER = (Session.state == SessionState.FINISHED, Session.reopen_at.is_(None))
#: signals of sessions that no heavy event ever came for
_UNCLAIMED = (Lightweight.payload.is_not(None), ~exists().where(Session.session_id == Lightweight.session_id))
_SETTLED = (DeadLetterRow.state != DeadLetterState.OPEN,)


def _old(query: Select[Any], before: int) -> Select[Any]:
    return query.where(*_OVER, Session.finished_at < before).limit(_AT_ONCE)


def _payloads(before: int) -> Delete:
    query = select(Payload.event_id).join(Event, Event.event_id == Payload.event_id)
    old = _old(query.join(Session, Session.session_id == Event.session_id), before)
    return delete(Payload).where(Payload.event_id.in_(old))


def _lightweight(before: int) -> Update:
    query = select(Lightweight.event_id).join(Session, Session.session_id == Lightweight.session_id)
    old = _old(query.where(Lightweight.payload.is_not(None)), before)
    return update(Lightweight).where(Lightweight.event_id.in_(old)).values(payload=None)


def _unclaimed(before: int) -> Update:
    old = select(Lightweight.event_id).where(*_UNCLAIMED, Lightweight.received_at < before).limit(_AT_ONCE)
    return update(Lightweight).where(Lightweight.event_id.in_(old)).values(payload=None)


def _transcripts(before: int) -> Delete:
    query = select(Transcript.session_id).join(Session, Session.session_id == Transcript.session_id)
    return delete(Transcript).where(Transcript.session_id.in_(_old(query, before)))


def _entries(before: int) -> Delete:
    query = select(Entry.session_id).join(Session, Session.session_id == Entry.session_id)
    old = _old(query.where(Entry.state == EntryState.DONE).distinct(), before)
    return delete(Entry).where(Entry.session_id.in_(old), Entry.state == EntryState.DONE)


def _steps(before: int) -> Delete:
    query = select(SessionStep.session_id).join(Session, Session.session_id == SessionStep.session_id)
    return delete(SessionStep).where(SessionStep.session_id.in_(_old(query.distinct(), before)))


def _sent(before: int) -> Delete:
    old = select(OutboxRow.id).where(OutboxRow.sent_at < before).limit(_AT_ONCE)
    return delete(OutboxRow).where(OutboxRow.id.in_(old))


def _dead_letters(before: int) -> Delete:
    old = select(DeadLetterRow.id).where(*_SETTLED, DeadLetterRow.at < before).limit(_AT_ONCE)
    return delete(DeadLetterRow).where(DeadLetterRow.id.in_(old))

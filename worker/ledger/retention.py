"""What is thrown away after a while; ids stay, so that a rewound log brings nothing old back as new."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, select, update

from worker.ledger.database import Database
from worker.ledger.schema import (
    DeadLetterRow,
    Entry,
    Event,
    Lightweight,
    Outbox,
    Payload,
    Session,
    SessionStep,
    Transcript,
)
from worker.ledger.states import DeadLetterState, EntryState, SessionState

DAY = 86_400_000_000
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

    def prune(self, now: int, *, keep_days: float) -> Pruned:
        """Of sessions that finished longer ago than `keep_days`: what only a new attempt would need, and their history.

        Failed entries stay until they are retried, open dead letters until they are settled, unsent messages until they are sent.
        """
        before = now - int(keep_days * DAY)
        return Pruned(
            payloads=self._repeat(_payloads(before)),
            lightweight=self._repeat(_lightweight(before)) + self._repeat(_unclaimed(before)),
            transcripts=self._repeat(_transcripts(before)),
            entries=self._repeat(_entries(before)),
            steps=self._repeat(_steps(before)),
            outbox=self._repeat(_outbox(before)),
            dead_letters=self._repeat(_dead_letters(before)),
        )

    def _repeat(self, statement: Delete | Update) -> int:
        total = 0
        while True:
            with self._database.write() as connection:
                count = connection.execute(statement).rowcount
            total += count
            if not count:
                return total


def _old(query: Select[Any], before: int) -> Select[Any]:
    """Of sessions that are over, and that nothing is about to reopen."""
    done = (Session.state == SessionState.FINISHED, Session.finished_at < before, Session.reopen_at.is_(None))
    return query.where(*done).limit(_AT_ONCE)


def _payloads(before: int) -> Delete:
    query = select(Payload.event_id).join(Event, Event.event_id == Payload.event_id)
    old = _old(query.join(Session, Session.session_id == Event.session_id), before)
    return delete(Payload).where(Payload.event_id.in_(old))


def _lightweight(before: int) -> Update:
    query = select(Lightweight.event_id).join(Session, Session.session_id == Lightweight.session_id)
    old = _old(query.where(Lightweight.payload.is_not(None)), before)
    return update(Lightweight).where(Lightweight.event_id.in_(old)).values(payload=None)


def _unclaimed(before: int) -> Update:
    """Of sessions that no heavy event ever came for."""
    query = select(Lightweight.event_id).outerjoin(Session, Session.session_id == Lightweight.session_id)
    query = query.where(
        Session.session_id.is_(None), Lightweight.payload.is_not(None), Lightweight.received_at < before
    )
    return update(Lightweight).where(Lightweight.event_id.in_(query.limit(_AT_ONCE))).values(payload=None)


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


def _outbox(before: int) -> Delete:
    old = select(Outbox.id).where(Outbox.sent_at < before).limit(_AT_ONCE)
    return delete(Outbox).where(Outbox.id.in_(old))


def _dead_letters(before: int) -> Delete:
    settled = (DeadLetterRow.state != DeadLetterState.OPEN, DeadLetterRow.at < before)
    return delete(DeadLetterRow).where(DeadLetterRow.id.in_(select(DeadLetterRow.id).where(*settled).limit(_AT_ONCE)))

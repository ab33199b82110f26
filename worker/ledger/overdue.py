"""What the broker, a worker or a chord lost, found by time.

A task is overdue when it was enqueued before the oldest message that still stands in its queue, and longer ago than it may take:
age alone would send a long queue again and again. That moment is the caller's to find, queue by queue.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from worker.domain import SessionVersion
from worker.ledger.clock import is_ahead, is_before
from worker.ledger.schema import Entry, Session
from worker.ledger.sessions import EntryRef, SessionRef, ref_of, version_of
from worker.ledger.states import EntryState, SessionState


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """Only what was enqueued before these moments of the ledger's clock is overdue; 0: nothing is."""

    prepare: int
    attribute: int
    finish: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingSession:
    """Somebody should look for its transcript now."""

    session_id: str
    version: SessionVersion
    #: how often it was looked for
    tries: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    #: when it was found
    now: int
    gates: Gates
    prepare: list[SessionRef] = field(default_factory=list)
    attribute: list[EntryRef] = field(default_factory=list)
    #: all their entries are there, but nobody has closed them
    finish: list[SessionRef] = field(default_factory=list)


def find_overdue(connection: Connection, now: int, gates: Gates, limit: int) -> Overdue:
    """At most `limit` of each."""
    return Overdue(
        now=now,
        gates=gates,
        prepare=_sessions(connection, prepare_due(now, gates), limit),
        attribute=_entries(connection, now, gates, limit),
        finish=_sessions(connection, finish_due(now, gates), limit),
    )


def find_taken(connection: Connection, now: int, gates: Gates, limit: int) -> dict[SessionRef, int]:
    """Sessions whose preparation some worker took from the queue and has not ended, or that got lost -> when they were sent."""
    query = select(*_REF, Session.sent_at).where(_taken(now, gates)).order_by(Session.sent_at, Session.session_id)
    return {ref_of(row): row.sent_at for row in connection.execute(query.limit(limit))}


# ----------------------------------------------------------------- conditions


def prepare_due(now: int, gates: Gates) -> ColumnElement[bool]:
    return or_(_taken(now, gates), and_(Session.state == SessionState.RECEIVED, _is_time(Session, now)))


def _taken(now: int, gates: Gates) -> ColumnElement[bool]:
    is_sent = and_(Session.state == SessionState.RECEIVED, Session.next_try_at.is_(None))
    return and_(is_sent, _is_lost(Session.sent_at, gates.prepare, now))


def entry_due(now: int, gates: Gates) -> ColumnElement[bool]:
    lost = and_(Entry.next_try_at.is_(None), _is_lost(Entry.sent_at, gates.attribute, now))
    return and_(Entry.state == EntryState.PENDING, or_(lost, _is_time(Entry, now)))


def finish_due(now: int, gates: Gates) -> ColumnElement[bool]:
    """All entries there, and the last one long enough ago for its finish to have been run."""
    unsettled = or_(Entry.state == EntryState.PENDING, ~is_before(Entry.ended_at, gates.finish, now))
    is_late = _is_lost(Session.sent_at, gates.finish, now)
    return and_(Session.state == SessionState.ATTRIBUTING, is_late, ~exists().where(_OF_SESSION, unsettled))


def _is_lost(sent_at: Any, gate: int, now: int) -> ColumnElement[bool]:
    return is_before(sent_at, gate, now) if gate else false()


def _is_time(table: type[Session] | type[Entry], now: int) -> ColumnElement[bool]:
    """What was put off is due; at once where it was put off by a clock that was ahead."""
    return and_(table.next_try_at.is_not(None), or_(table.next_try_at <= now, is_ahead(table.sent_at, now)))


# ----------------------------------------------------------------- rows


_REF = (Session.session_id, Session.timestamp, Session.event_id, Session.attempt)
_OF_SESSION = and_(
    Entry.session_id == Session.session_id, Entry.event_id == Session.event_id, Entry.attempt == Session.attempt
)


def _sessions(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[SessionRef]:
    query = select(*_REF).where(condition).order_by(Session.sent_at, Session.session_id).limit(limit)
    return [ref_of(row) for row in connection.execute(query)]


def _entries(connection: Connection, now: int, gates: Gates, limit: int) -> list[EntryRef]:
    query = (
        select(*_REF, Entry.learning_id)
        .join(Entry, _OF_SESSION)
        .where(Session.state == SessionState.ATTRIBUTING, entry_due(now, gates))
        .order_by(Session.sent_at, Session.session_id, Entry.learning_id)
        .limit(limit)
    )
    return [
        EntryRef(session_id=row.session_id, version=version_of(row), learning_id=row.learning_id)
        for row in connection.execute(query)
    ]


def find_waiting(connection: Connection, now: int, limit: int) -> list[WaitingSession]:
    """Sessions whose transcript is to be looked for, at most `limit`."""
    query = select(*_REF, Session.tries, Session.reason).where(
        Session.state == SessionState.WAITING, _is_time(Session, now)
    )
    return [
        WaitingSession(session_id=row.session_id, version=version_of(row), tries=row.tries, reason=row.reason)
        for row in connection.execute(query.order_by(Session.next_try_at).limit(limit))
    ]

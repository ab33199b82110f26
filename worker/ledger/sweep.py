"""What the broker, a worker or a chord lost: found by time, and sent again at most once however many sweepers look.

Something is overdue when it was handed to the broker before the oldest message that still stands in its queue, and longer ago
than a task may take: age alone would send a long queue again and again. That moment is the caller's to find, queue by queue.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update

from worker.domain import SessionVersion
from worker.ledger.clock import MOST_APART
from worker.ledger.database import Database
from worker.ledger.schema import Entry, Payload, Session
from worker.ledger.sessions import (
    EntryRef,
    SessionRef,
    begin_attempts,
    is_version,
    note,
    of_version,
    ref_of,
    version_of,
)
from worker.ledger.states import EntryState, SessionState

#: why an entry failed that nobody lived to tell about
DIED = "the worker process died while working on it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """Only what was sent before these moments is overdue."""

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
    #: when its event was received
    since: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    now: int
    gates: Gates
    prepare: list[SessionRef] = field(default_factory=list)
    attribute: list[EntryRef] = field(default_factory=list)
    #: all their entries are there, but nobody has closed them
    finish: list[SessionRef] = field(default_factory=list)
    waiting: list[WaitingSession] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Resent:
    """What the caller has to enqueue; noted as sent already, so that no other sweeper does."""

    prepare: list[SessionRef] = field(default_factory=list)
    attribute: list[EntryRef] = field(default_factory=list)
    finish: list[SessionRef] = field(default_factory=list)
    #: preparing these killed its process too often: `expect` them with every learning refused, and finish
    gave_up_prepare: list[SessionRef] = field(default_factory=list)
    #: these have failed for good by now
    gave_up_entries: list[EntryRef] = field(default_factory=list)


class Sweep:
    def __init__(self, database: Database, *, quiet: int) -> None:
        self._database = database
        #: microseconds without a further lightweight event before a session is reopened
        self._quiet = quiet

    def overdue(self, now: int, gates: Gates, *, limit: int = 1000) -> Overdue:
        """Look only; at most `limit` of each."""
        with self._database.single() as connection:
            return Overdue(
                now=now,
                gates=gates,
                prepare=_sessions(connection, _prepare_due(now, gates), limit),
                attribute=_entries(connection, now, gates, limit),
                finish=_sessions(connection, _finish_due(gates), limit),
                waiting=_waiting(connection, now, limit),
            )

    def set_right(self, now: int, *, latest_retry: int, latest_look: int) -> bool:
        """What is open and bears a moment to come counts from now on; nobody would miss it before then -> whether there was any.

        Such a moment was written before a clock was set back, or by one that is wrong. No retry is due after `latest_retry`, and nobody
        looks for a transcript after `latest_look`.
        """
        steps = [
            *_of_work(now, latest_retry + MOST_APART),
            _of_waiting(now, latest_look + MOST_APART),
            _of_reopening(now + self._quiet),
        ]
        with self._database.single() as connection:
            if not connection.scalar(select(or_(*(exists().where(step.chosen) for step in steps)))):
                return False
        with self._database.write() as connection:
            for step in steps:
                connection.execute(update(step.table).where(step.chosen).values(**step.change))
        return True

    def taken(self, gates: Gates, *, limit: int = 1000) -> dict[SessionRef, int]:
        """Sessions whose preparation some worker took from the queue and has not ended, or that got lost -> when they were sent."""
        query = select(*_REF, Session.sent_at).where(_taken(gates)).order_by(Session.sent_at, Session.session_id)
        with self._database.single() as connection:
            return {ref_of(row): row.sent_at for row in connection.execute(query.limit(limit))}

    def send_again(self, overdue: Overdue, now: int, *, max_tries: int) -> Resent:
        """Note as sent what is still overdue -> what to enqueue. What was started and did not end counts as a try."""
        resent = Resent()
        with self._database.write() as connection:
            for ref in overdue.prepare:
                _prepare_again(connection, ref, overdue, now, max_tries, resent)
            for entry in overdue.attribute:
                _attribute_again(connection, entry, overdue, now, max_tries, resent)
            for ref in [*overdue.finish, *_sessions_of(resent.gave_up_entries)]:
                _finish_again(connection, ref, overdue, now, resent)
            note(connection, [*resent.prepare, *resent.finish], "sent again", now)
        return resent

    def reopen_quiet(self, now: int, *, limit: int = 1000) -> list[SessionRef]:
        """Sessions that lightweight events came late for, and it has been quiet since -> new attempts to be prepared."""
        due = (Session.reopen_at <= now, Session.state.in_([SessionState.ATTRIBUTING, SessionState.FINISHED]))
        query = select(Session.session_id).where(*due).order_by(Session.session_id).limit(limit)
        with self._database.single() as connection:
            ids = list(connection.scalars(query))
        if not ids:
            return []
        chosen = and_(Session.session_id.in_(ids), *due)
        kept = exists().where(Payload.event_id == Session.event_id)
        with self._database.write(durable=True) as connection:
            refs = begin_attempts(connection, and_(chosen, kept), step="reopened: lightweight events came", now=now)
            connection.execute(update(Session).where(chosen, ~kept).values(reopen_at=None))
            return refs

    def backlog(self) -> int:
        """Sessions somebody has to work on; those that wait for their transcript do not count."""
        states = [SessionState.RECEIVED, SessionState.ATTRIBUTING]
        with self._database.single() as connection:
            return connection.scalar(select(func.count()).where(Session.state.in_(states))) or 0


# ----------------------------------------------------------------- what is overdue


def _prepare_due(now: int, gates: Gates) -> ColumnElement[bool]:
    return or_(_taken(gates), and_(Session.state == SessionState.RECEIVED, Session.next_try_at <= now))


def _taken(gates: Gates) -> ColumnElement[bool]:
    return and_(Session.state == SessionState.RECEIVED, Session.next_try_at.is_(None), Session.sent_at < gates.prepare)


def _finish_due(gates: Gates) -> ColumnElement[bool]:
    """All entries there, and the last one long enough ago for its finish to have been run."""
    of_session = (
        Entry.session_id == Session.session_id,
        Entry.event_id == Session.event_id,
        Entry.attempt == Session.attempt,
    )
    unsettled = or_(Entry.state == EntryState.PENDING, Entry.ended_at >= gates.finish)
    return and_(
        Session.state == SessionState.ATTRIBUTING,
        Session.sent_at < gates.finish,
        ~exists().where(*of_session, unsettled),
    )


def _entry_due(now: int, gates: Gates) -> ColumnElement[bool]:
    lost = and_(Entry.next_try_at.is_(None), Entry.sent_at < gates.attribute)
    return and_(Entry.state == EntryState.PENDING, or_(lost, Entry.next_try_at <= now))


# ----------------------------------------------------------------- a clock that was set back


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    table: type[Session | Entry]
    chosen: ColumnElement[bool]
    change: dict[str, Any]


def _of_work(now: int, too_late: int) -> Iterator[_Step]:
    ahead = now + MOST_APART
    for table, chosen in ((Session, _session_ahead(ahead, too_late)), (Entry, _entry_ahead(ahead, too_late))):
        change = {"sent_at": _at_most(table.sent_at, ahead, now)}
        change["next_try_at"] = _at_most(table.next_try_at, too_late, now)
        if table is Entry:
            change["ended_at"] = _at_most(Entry.ended_at, ahead, now)
        yield _Step(table=table, chosen=chosen, change=change)


def _of_waiting(now: int, too_late: int) -> _Step:
    """Their transcripts are looked for now, and given up as long after now as after their receipt."""
    ahead = now + MOST_APART
    return _Step(
        table=Session,
        chosen=and_(
            Session.state == SessionState.WAITING, or_(Session.next_try_at > too_late, Session.received_at > ahead)
        ),
        change={
            "next_try_at": _at_most(Session.next_try_at, too_late, now),
            "received_at": _at_most(Session.received_at, ahead, now),
        },
    )


def _of_reopening(latest: int) -> _Step:
    """A quiet period that lasts longer than any begins again."""
    return _Step(table=Session, chosen=Session.reopen_at > latest + MOST_APART, change={"reopen_at": latest})


def _session_ahead(ahead: int, too_late: int) -> ColumnElement[bool]:
    at_work = Session.state.in_([SessionState.RECEIVED, SessionState.ATTRIBUTING])
    retry = and_(Session.state == SessionState.RECEIVED, Session.next_try_at > too_late)
    return or_(and_(at_work, Session.sent_at > ahead), retry)


def _entry_ahead(ahead: int, too_late: int) -> ColumnElement[bool]:
    of_open = Entry.session_id.in_(select(Session.session_id).where(Session.state == SessionState.ATTRIBUTING))
    is_open = and_(Entry.state == EntryState.PENDING, or_(Entry.sent_at > ahead, Entry.next_try_at > too_late))
    return and_(of_open, or_(is_open, Entry.ended_at > ahead))


def _at_most(column: Any, most: int, now: int) -> Any:
    return case((column > most, now), else_=column)


# ----------------------------------------------------------------- rows


_REF = (Session.session_id, Session.timestamp, Session.event_id, Session.attempt)


def _sessions(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[SessionRef]:
    query = select(*_REF).where(condition).order_by(Session.sent_at, Session.session_id).limit(limit)
    return [ref_of(row) for row in connection.execute(query)]


def _entries(connection: Connection, now: int, gates: Gates, limit: int) -> list[EntryRef]:
    same = and_(
        Entry.session_id == Session.session_id,
        Entry.event_id == Session.event_id,
        Entry.attempt == Session.attempt,
    )
    query = (
        select(*_REF, Entry.learning_id)
        .join(Entry, same)
        .where(Session.state == SessionState.ATTRIBUTING, _entry_due(now, gates))
        .order_by(Session.sent_at, Session.session_id, Entry.learning_id)
        .limit(limit)
    )
    return [
        EntryRef(session_id=row.session_id, version=version_of(row), learning_id=row.learning_id)
        for row in connection.execute(query)
    ]


def _waiting(connection: Connection, now: int, limit: int) -> list[WaitingSession]:
    due = (Session.state == SessionState.WAITING, Session.next_try_at <= now)
    query = select(*_REF, Session.tries, Session.received_at, Session.reason).where(*due)
    return [
        WaitingSession(
            session_id=row.session_id,
            version=version_of(row),
            tries=row.tries,
            since=row.received_at,
            reason=row.reason,
        )
        for row in connection.execute(query.order_by(Session.next_try_at).limit(limit))
    ]


# ----------------------------------------------------------------- sent again


def _prepare_again(
    connection: Connection, ref: SessionRef, overdue: Overdue, now: int, max_tries: int, resent: Resent
) -> None:
    change = update(Session).where(is_version(ref.session_id, ref.version), _prepare_due(overdue.now, overdue.gates))
    tries = connection.scalar(change.values(**_sent_again(Session, now)).returning(Session.tries))
    if tries is not None:
        (resent.gave_up_prepare if tries >= max_tries else resent.prepare).append(ref)


def _attribute_again(
    connection: Connection, entry: EntryRef, overdue: Overdue, now: int, max_tries: int, resent: Resent
) -> None:
    this = and_(of_version(entry.session_id, entry.version), Entry.learning_id == entry.learning_id)
    change = update(Entry).where(this, _entry_due(overdue.now, overdue.gates))
    tries = connection.scalar(change.values(**_sent_again(Entry, now)).returning(Entry.tries))
    if tries is None:
        return
    if tries < max_tries:
        resent.attribute.append(entry)
        return
    connection.execute(update(Entry).where(this).values(state=EntryState.FAILED, reason=DIED, ended_at=now))
    note(connection, _sessions_of([entry]), "learning failed", now, f"{entry.learning_id}: {DIED}")
    resent.gave_up_entries.append(entry)


def _finish_again(connection: Connection, ref: SessionRef, overdue: Overdue, now: int, resent: Resent) -> None:
    """Those whose last entry has just been given up are due at once."""
    gave_up = any(entry.session_id == ref.session_id for entry in resent.gave_up_entries)
    gates = Gates(prepare=0, attribute=0, finish=now + 1) if gave_up else overdue.gates
    change = update(Session).where(is_version(ref.session_id, ref.version), _finish_due(gates))
    if connection.execute(change.values(sent_at=now, sends=Session.sends + 1)).rowcount:
        resent.finish.append(ref)


def _sent_again(table: type[Session] | type[Entry], now: int) -> dict[str, Any]:
    tries = table.tries + case((table.started_at.is_not(None), 1), else_=0)
    return {"tries": tries, "sends": table.sends + 1, "started_at": None, "sent_at": now, "next_try_at": None}


def _sessions_of(entries: Iterable[EntryRef]) -> list[SessionRef]:
    refs = {entry.session_id: SessionRef(session_id=entry.session_id, version=entry.version) for entry in entries}
    return [refs[session_id] for session_id in sorted(refs)]

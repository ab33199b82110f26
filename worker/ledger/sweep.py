"""What was lost is sent again, at most once however many sweepers look; sessions with late signals are reopened."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, case, exists, or_, select, update

from worker.ledger.clock import is_ahead
from worker.ledger.database import Database
from worker.ledger.overdue import (
    Gates,
    Overdue,
    WaitingSession,
    entry_due,
    find_overdue,
    find_taken,
    find_waiting,
    finish_due,
    prepare_due,
)
from worker.ledger.schema import Entry, Payload, Session
from worker.ledger.sessions import EntryRef, SessionRef, begin_attempts, is_version, note, of_version
from worker.ledger.states import EntryState, SessionState

#: why an entry failed that nobody lived to tell about
DIED = "the worker process died while working on it"


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

    def overdue(self, gates: Gates, *, limit: int = 1000) -> Overdue:
        """Look only; at most `limit` of each."""
        with self._database.single() as connection:
            return find_overdue(connection, self._database.clock(connection), gates, limit)

    def taken(self, gates: Gates, *, limit: int = 1000) -> dict[SessionRef, int]:
        """Sessions whose preparation some worker took from the queue and has not ended, or that got lost -> when they were sent."""
        with self._database.single() as connection:
            return find_taken(connection, self._database.clock(connection), gates, limit)

    def waiting(self, *, limit: int = 1000) -> list[WaitingSession]:
        """Sessions whose transcript is to be looked for now."""
        with self._database.single() as connection:
            return find_waiting(connection, self._database.clock(connection), limit)

    def send_again(self, overdue: Overdue, *, max_tries: int) -> Resent:
        """Note as sent what is still overdue -> what to enqueue. What was started and did not end counts as a try."""
        with self._database.write() as connection:
            turn = _Turn(connection, overdue, now=self._database.clock(connection), max_tries=max_tries)
            return turn.send()

    def reopen_quiet(self, *, limit: int = 1000) -> list[SessionRef]:
        """Sessions that lightweight events came late for, and it has been quiet since -> new attempts to be prepared."""
        with self._database.single() as connection:
            now = self._database.clock(connection)
            # a quiet period that ends later than any may was begun before the clock was set back
            is_quiet = or_(Session.reopen_at <= now, is_ahead(Session.reopen_at, now + self._quiet))
            due = (is_quiet, Session.state.in_([SessionState.ATTRIBUTING, SessionState.FINISHED]))
            query = select(Session.session_id).where(*due).order_by(Session.session_id).limit(limit)
            ids = list(connection.scalars(query))
        if not ids:
            return []
        chosen = and_(Session.session_id.in_(ids), *due)
        kept = exists().where(Payload.event_id == Session.event_id)
        with self._database.write(durable=True) as connection:
            refs = begin_attempts(connection, and_(chosen, kept), step="reopened: lightweight events came", now=now)
            connection.execute(update(Session).where(chosen, ~kept).values(reopen_at=None))
            return refs


class _Turn:
    """One sweeper's turn at sending again, within one transaction."""

    def __init__(self, connection: Connection, overdue: Overdue, *, now: int, max_tries: int) -> None:
        self._connection, self._overdue, self._now, self._max_tries = connection, overdue, now, max_tries
        self._resent = Resent()

    def send(self) -> Resent:
        resent = self._resent
        for ref in self._overdue.prepare:
            self._prepare(ref)
        for entry in self._overdue.attribute:
            self._attribute(entry)
        for ref in [*self._overdue.finish, *_sessions_of(resent.gave_up_entries)]:
            self._finish(ref)
        note(self._connection, [*resent.prepare, *resent.finish], "sent again", self._now)
        return resent

    def _prepare(self, ref: SessionRef) -> None:
        due = prepare_due(self._overdue.now, self._overdue.gates)
        change = update(Session).where(is_version(ref.session_id, ref.version), due)
        tries = self._connection.scalar(change.values(**self._sent_again(Session)).returning(Session.tries))
        if tries is not None:
            (self._resent.gave_up_prepare if tries >= self._max_tries else self._resent.prepare).append(ref)

    def _attribute(self, entry: EntryRef) -> None:
        this = and_(of_version(entry.session_id, entry.version), Entry.learning_id == entry.learning_id)
        change = update(Entry).where(this, entry_due(self._overdue.now, self._overdue.gates))
        tries = self._connection.scalar(change.values(**self._sent_again(Entry)).returning(Entry.tries))
        if tries is None:
            return
        if tries < self._max_tries:
            self._resent.attribute.append(entry)
            return
        failed = {"state": EntryState.FAILED, "reason": DIED, "ended_at": self._now}
        self._connection.execute(update(Entry).where(this).values(**failed))
        note(self._connection, _sessions_of([entry]), "learning failed", self._now, f"{entry.learning_id}: {DIED}")
        self._resent.gave_up_entries.append(entry)

    def _finish(self, ref: SessionRef) -> None:
        """Make sessions due at once whose last entry has just been given up."""
        gave_up = any(entry.session_id == ref.session_id for entry in self._resent.gave_up_entries)
        gates = Gates(prepare=0, attribute=0, finish=self._now + 1) if gave_up else self._overdue.gates
        change = update(Session).where(is_version(ref.session_id, ref.version), finish_due(self._overdue.now, gates))
        if self._connection.execute(change.values(sent_at=self._now, sends=Session.sends + 1)).rowcount:
            self._resent.finish.append(ref)

    def _sent_again(self, table: type[Session] | type[Entry]) -> dict[str, Any]:
        """A start whose end was not waited for, because a clock was set back, is no death."""
        died = and_(table.started_at.is_not(None), ~is_ahead(table.sent_at, self._overdue.now))
        tries = table.tries + case((died, 1), else_=0)
        again = {"tries": tries, "sends": table.sends + 1, "sent_at": self._now}
        return again | dict.fromkeys(("started_at", "next_try_at"))


def _sessions_of(entries: Iterable[EntryRef]) -> list[SessionRef]:
    refs = {entry.session_id: SessionRef(session_id=entry.session_id, version=entry.version) for entry in entries}
    return [refs[session_id] for session_id in sorted(refs)]

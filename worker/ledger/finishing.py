"""A session's end: finished with its message in the outbox, tried again, begun above what the store knows, or given up."""

from collections.abc import Mapping

from sqlalchemy import and_, bindparam, exists, select, update

from worker.domain import SessionVersion
from worker.ledger.database import Database
from worker.ledger.dead_letters import keep_session
from worker.ledger.entries import ANY_OPEN
from worker.ledger.outbox import OutboxMessage, put
from worker.ledger.schema import Entry, Session
from worker.ledger.sessions import (
    ITS_ENTRIES,
    OPEN,
    THIS_SESSION,
    THIS_VERSION,
    SessionRef,
    begin_attempts,
    change_session,
    in_force,
    is_version,
    key_of,
    note_one,
    readable,
)
from worker.ledger.states import EntryState, SessionState

_IS_OPEN = and_(ITS_ENTRIES, Entry.state == EntryState.PENDING)
_FINISH = (
    update(Session)
    .where(THIS_VERSION, Session.state == SessionState.ATTRIBUTING, ~exists().where(_IS_OPEN))
    .values(state=SessionState.FINISHED, finished_at=bindparam("at"))
)
_LOCK = select(Session.session_id).where(THIS_SESSION).with_for_update()
_FORGET_RECORDS = update(Entry).where(ITS_ENTRIES).values(record=None)
_REFUSE = (
    update(Entry)
    .where(ITS_ENTRIES, Entry.learning_id == bindparam("of_learning"))
    .values(state=EntryState.FAILED, reason=bindparam("why"), ended_at=bindparam("at"))
)


class Finishing:
    _database: Database

    def finish(
        self,
        session_id: str,
        version: SessionVersion,
        *,
        message: OutboxMessage | None,
        refused: Mapping[str, str] | None = None,
    ) -> bool:
        """Close this version and put its message into the outbox, once -> whether it was this call that did.

        `refused`: learnings whose record the store would not take, with its reasons; they have failed. The records that the entries kept
        are forgotten. False: finished already, another version is in force, or entries are open.
        """
        key = key_of(session_id, version)
        with self._database.write() as connection:
            connection.execute(_LOCK, key)  # entries that somebody adds meanwhile are seen by the next statement
            now = self._database.clock(connection)
            if not connection.execute(_FINISH, {**key, "at": now}).rowcount:
                return False
            if message is not None:
                put(connection, session_id, version, message, now)
            connection.execute(_FORGET_RECORDS, key)
            for learning_id, reason in sorted((refused or {}).items()):
                why = readable(reason)
                connection.execute(_REFUSE, {**key, "of_learning": learning_id, "why": why, "at": now})
                note_one(connection, session_id, version, "learning failed", now, f"{learning_id}: {why}")
            note_one(connection, session_id, version, "finished", now)
            return True

    def fail_finish(self, session_id: str, version: SessionVersion, reason: str, *, max_tries: int) -> bool:
        """Note that closing a session failed though its learnings are there.

        False: the sweeper tries again. True: give it up with `fail_session`.
        """
        with self._database.write() as connection:
            session = in_force(connection, session_id, version, lock=True)
            is_open = connection.execute(ANY_OPEN, key_of(session_id, version)).first() is not None
            if session.state != SessionState.ATTRIBUTING or is_open:
                return False
            now, tries = self._database.clock(connection), session.tries + 1
            change_session(connection, session_id, {"tries": tries, "reason": readable(reason), "sent_at": now})
            note_one(connection, session_id, version, "finish failed", now, readable(reason))
            return tries >= max_tries

    def begin_above(self, session_id: str, version: SessionVersion, attempt: int) -> SessionRef | None:
        """The store knows a later attempt of this event (the ledger was restored from an older copy): start over above that one.

        None: another version is in force by now.
        """
        step, this = "begun above the attempt that the store knows", is_version(session_id, version)
        with self._database.write(durable=True) as connection:
            now = self._database.clock(connection)
            return next(iter(begin_attempts(connection, this, step=step, now=now, above=attempt)), None)

    def fail_session(self, session_id: str, version: SessionVersion, reason: str) -> bool:
        """Nothing can be made of this session (its transcript never came): a dead letter -> whether it was this call that did."""
        change = update(Session).where(is_version(session_id, version), Session.state.in_(OPEN))
        with self._database.write() as connection:
            now = self._database.clock(connection)
            dead = {"state": SessionState.DEAD, "reason": readable(reason), "finished_at": now, "next_try_at": None}
            if not connection.execute(change.values(**dead)).rowcount:
                return False
            keep_session(connection, session_id, version, reason, now)
            note_one(connection, session_id, version, "gave up", now, readable(reason))
            return True

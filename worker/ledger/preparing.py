"""A session from received to attributing: a preparation begins, waits for its transcript, fails, or says which learnings it expects."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Update, and_, bindparam, update

from worker.domain import SessionVersion
from worker.ledger.database import Database, insert_new
from worker.ledger.loading import count_signals
from worker.ledger.schema import Entry, Session
from worker.ledger.sessions import (
    ITS_ENTRIES,
    MOST_DOUBLINGS,
    OPEN,
    InForce,
    change_session,
    in_force,
    is_version,
    keep_signals,
    key_of,
    note_one,
    of_version,
    readable,
)
from worker.ledger.states import EntryState, SessionState
from worker.system.clock import SECOND

_IS_OPEN = and_(ITS_ENTRIES, Entry.state == EntryState.PENDING)
_SEND_OPEN = (
    update(Entry).where(_IS_OPEN).values(sent_at=bindparam("at"), sends=Entry.sends + 1).returning(Entry.learning_id)
)


class Preparing:
    _database: Database
    _quiet: int

    def start_session(self, session_id: str, version: SessionVersion) -> None:
        """A preparation begins: should its process die, the sweeper counts a try. Raises `Superseded`."""
        with self._database.single() as connection:
            change = _of_received(session_id, version).values(started_at=self._database.clock(connection))
            if not connection.execute(change).rowcount:
                in_force(connection, session_id, version)

    def put_back(self, session_id: str, version: SessionVersion, learning_ids: Iterable[str] | None) -> None:
        """A task of these learnings (None: the preparation) ended without a result and alive: its start is forgotten, no try is spent."""
        if learning_ids is None:
            change = _of_received(session_id, version)
        else:
            change = update(Entry).where(of_version(session_id, version), Entry.learning_id.in_(list(learning_ids)))
            change = change.where(Entry.state == EntryState.PENDING)
        with self._database.single() as connection:
            connection.execute(change.values(started_at=None))

    def prepare_again(self, session_id: str, version: SessionVersion) -> bool:
        """The bundle is gone: the session is to be prepared once more, what is done of it stays -> whether it was this call that did."""
        change = update(Session).where(is_version(session_id, version), Session.state == SessionState.ATTRIBUTING)
        with self._database.write() as connection:
            now = self._database.clock(connection)
            again = {"state": SessionState.RECEIVED, "sent_at": now, "sends": 1} | _NOT_STARTED
            if not connection.execute(change.values(**again)).rowcount:
                return False
            note_one(connection, session_id, version, "prepared again", now, "its bundle was no longer kept")
            return True

    def mark_waiting(self, session_id: str, version: SessionVersion, *, reason: str, pause_seconds: float = 0) -> int:
        """The transcript is not there; the sweeper looks again after the pause -> how often it was looked for by now."""
        with self._database.write() as connection:
            session = in_force(connection, session_id, version, lock=True)
            if session.state not in (SessionState.RECEIVED, SessionState.WAITING):
                return session.tries
            now = self._database.clock(connection)
            tries = session.tries + 1 if session.state == SessionState.WAITING else 1
            change = {"state": SessionState.WAITING, "tries": tries, "started_at": None, "reason": readable(reason)}
            change_session(connection, session_id, change | _put_off(now, round(pause_seconds * SECOND)))
            if tries == 1:
                note_one(connection, session_id, version, "waiting", now, readable(reason))
            return tries

    def fail_preparation(
        self, session_id: str, version: SessionVersion, reason: str, *, max_tries: int, retry_seconds: float
    ) -> bool:
        """`prepare_session` itself failed. False: the sweeper sends it again as in `fail_entry`. True: it gave up.

        Having given up, the caller calls `expect` with every learning refused for that reason.
        """
        with self._database.write() as connection:
            session = in_force(connection, session_id, version, lock=True)
            if session.state != SessionState.RECEIVED:
                return False
            now, tries = self._database.clock(connection), session.tries + 1
            pause = round(retry_seconds * SECOND) << min(session.tries, MOST_DOUBLINGS)
            again = {"tries": tries, "reason": readable(reason), "started_at": None}
            change_session(connection, session_id, again | _put_off(now, pause))
            note_one(connection, session_id, version, "preparation failed", now, readable(reason))
            return tries >= max_tries

    def expect(
        self,
        session_id: str,
        version: SessionVersion,
        learning_ids: Iterable[str],
        *,
        refused: Mapping[str, str] | None = None,
        signals_seen: int,
    ) -> list[str]:
        """From here on the session waits for these learnings -> those that are still open, in order.

        `refused` (learning id -> reason) are failed entries at once. `signals_seen` is the number of lightweight events that `load_work`
        returned: if more have come since, the session is reopened after the quiet period. Doing it again changes nothing but when the open
        ones were sent. Of a finished session nothing is open.
        """
        reasons = {learning_id: readable(reason) for learning_id, reason in (refused or {}).items()}
        wanted = sorted({*learning_ids, *reasons})
        with self._database.write() as connection:
            keep_signals(connection, [session_id])
            session = in_force(connection, session_id, version, lock=True)
            if session.state not in OPEN:
                return []
            now = self._database.clock(connection)
            _add_entries(connection, session_id, version, wanted, reasons, now)
            change: dict[str, Any] = {"sent_at": now}
            if session.state != SessionState.ATTRIBUTING:
                change |= self._prepared(connection, session_id, session, signals_seen, now)
                note_one(connection, session_id, version, "prepared", now, _numbers(len(wanted), len(reasons)))
            change_session(connection, session_id, change)
            return sorted(connection.scalars(_SEND_OPEN, {**key_of(session_id, version), "at": now}))

    def _prepared(
        self, connection: Connection, session_id: str, session: InForce, signals_seen: int, now: int
    ) -> dict[str, Any]:
        change = {"state": SessionState.ATTRIBUTING, "prepared_at": now, "sends": 1, "tries": 0, "reason": ""}
        change |= _NOT_STARTED
        if not session.own_signals and count_signals(connection, session_id) != signals_seen:
            change["reopen_at"] = now + self._quiet
        return change


_NOT_STARTED: dict[str, Any] = {"started_at": None, "next_try_at": None}


def _of_received(session_id: str, version: SessionVersion) -> Update:
    return update(Session).where(is_version(session_id, version), Session.state == SessionState.RECEIVED)


def _put_off(now: int, pause: int) -> dict[str, Any]:
    return {"sent_at": now, "next_try_at": now + pause}


def _add_entries(
    connection: Connection,
    session_id: str,
    version: SessionVersion,
    learning_ids: list[str],
    reasons: Mapping[str, str],
    now: int,
) -> None:
    rows = [
        {
            "session_id": session_id,
            "learning_id": learning_id,
            "event_id": version.event_id,
            "attempt": version.attempt,
            "state": EntryState.FAILED if learning_id in reasons else EntryState.PENDING,
            "tries": 0,
            "sends": 0,
            "reason": reasons.get(learning_id, ""),
            "sent_at": now,
            "ended_at": now if learning_id in reasons else None,
        }
        for learning_id in learning_ids
    ]
    if rows:
        connection.execute(insert_new(connection, Entry), rows)


def _numbers(wanted: int, refused: int) -> str:
    return f"{wanted} learning{'' if wanted == 1 else 's'}" + (f", {refused} refused" if refused else "")

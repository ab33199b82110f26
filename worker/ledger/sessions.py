"""One session's row: is this version still in force, and how a new attempt begins.

Whoever changes a session locks its row first, then its entries; several sessions in the order of their ids. So nobody deadlocks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, func, insert, select, update

from worker.domain import SessionVersion
from worker.errors import NotFound, Superseded
from worker.ledger.schema import Entry, Session, SessionStep
from worker.ledger.states import SessionState

#: a reason is for people: it is shown in tables and kept in messages
MAX_REASON = 2000
#: states in which a session may still be prepared or put aside
OPEN = (SessionState.RECEIVED, SessionState.WAITING, SessionState.ATTRIBUTING)
#: a retry waits twice as long as the one before, at most so many times
MOST_DOUBLINGS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRef:
    """What a task names: ids only, never payloads."""

    session_id: str
    version: SessionVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryRef:
    session_id: str
    version: SessionVersion
    learning_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """What a task has to know of a session before it changes anything."""

    version: SessionVersion
    state: SessionState
    own_signals: bool
    tries: int
    was_prepared: bool


# Statements that run for every session or entry are built once; `key_of` holds what they ask for.
THIS_SESSION = Session.session_id == bindparam("of_session")
THIS_VERSION = and_(
    THIS_SESSION,
    Session.timestamp == bindparam("of_timestamp"),
    Session.event_id == bindparam("of_event"),
    Session.attempt == bindparam("of_attempt"),
)
ITS_ENTRIES = and_(
    Entry.session_id == bindparam("of_session"),
    Entry.event_id == bindparam("of_event"),
    Entry.attempt == bindparam("of_attempt"),
)
_ROW = (
    select(Session.timestamp, Session.event_id, Session.attempt)
    .add_columns(Session.state, Session.own_signals, Session.tries, Session.prepared_at)
    .where(THIS_SESSION)
)
_ROW_LOCKED = _ROW.with_for_update()
_CHANGE = update(Session).where(THIS_SESSION)
_NOTE = insert(SessionStep)
#: any number that no other lock of ours on a text has
_SIGNALS = 0x51674E
_KEEP_SIGNALS = select(func.pg_advisory_xact_lock(_SIGNALS, func.hashtext(bindparam("of_session"))))


def key_of(session_id: str, version: SessionVersion) -> dict[str, Any]:
    return {
        "of_session": session_id,
        "of_timestamp": version.timestamp,
        "of_event": version.event_id,
        "of_attempt": version.attempt,
    }


def is_version(session_id: str, version: SessionVersion) -> ColumnElement[bool]:
    """The session's row, if this version is the one in force."""
    return and_(
        Session.session_id == session_id,
        Session.timestamp == version.timestamp,
        Session.event_id == version.event_id,
        Session.attempt == version.attempt,
    )


def of_version(session_id: str, version: SessionVersion) -> ColumnElement[bool]:
    """The entries of this version; there are none once it is replaced."""
    return and_(Entry.session_id == session_id, Entry.event_id == version.event_id, Entry.attempt == version.attempt)


def in_force(connection: Connection, session_id: str, version: SessionVersion, *, lock: bool = False) -> InForce:
    """Raises `Superseded` when another version is in force, `NotFound` when the ledger has never heard of the session."""
    row = connection.execute(_ROW_LOCKED if lock else _ROW, {"of_session": session_id}).one_or_none()
    if row is None:
        raise NotFound(f"session {session_id}: the ledger does not know it")
    newest = version_of(row)
    if newest != version:
        raise Superseded(f"session {session_id}: attempt {newest.attempt} of event {newest.event_id} is in force")
    return InForce(
        version=newest,
        state=SessionState(row.state),
        own_signals=bool(row.own_signals),
        tries=row.tries,
        was_prepared=row.prepared_at is not None,
    )


def keep_signals(connection: Connection, session_ids: Iterable[str]) -> None:
    """Until the transaction ends nobody else stores signals of these sessions, or counts them: what is not yet to be seen is waited for.

    Before any row is locked. Nothing to do on SQLite, where one writes at a time.
    """
    if connection.dialect.name == "postgresql":
        for session_id in sorted(session_ids):
            connection.execute(_KEEP_SIGNALS, {"of_session": session_id})


def begin_attempts(
    connection: Connection, condition: ColumnElement[bool], *, step: str, now: int, above: int = 0
) -> list[SessionRef]:
    """Every session that meets the condition starts over with its next attempt above `above` -> what is to be prepared.

    Its entries are gone.
    """
    chosen = select(Session.session_id).where(condition).order_by(Session.session_id).with_for_update()
    ids = list(connection.scalars(chosen))
    if not ids:
        return []
    rows = connection.execute(
        update(Session)
        .where(Session.session_id.in_(ids))
        .values(attempt=case((Session.attempt < above, above), else_=Session.attempt) + 1, **fresh(now))
        .returning(Session.session_id, Session.timestamp, Session.event_id, Session.attempt)
    )
    refs = sorted((ref_of(row) for row in rows), key=lambda ref: ref.session_id)
    connection.execute(delete(Entry).where(Entry.session_id.in_(ids)))
    note(connection, refs, step, now)
    return refs


def fresh(now: int) -> dict[str, object]:
    """The columns of a session that is to be prepared, whatever it was before."""
    nothing = dict.fromkeys(("started_at", "prepared_at", "finished_at", "next_try_at", "reopen_at"))
    return {"state": SessionState.RECEIVED, "sent_at": now, "sends": 1, "tries": 0, "reason": "", **nothing}


def note(connection: Connection, refs: Sequence[SessionRef], step: str, now: int, detail: str = "") -> None:
    """Add a line to the history that `groove sessions show` prints."""
    rows = [
        {
            "session_id": ref.session_id,
            "event_id": ref.version.event_id,
            "attempt": ref.version.attempt,
            "step": step,
            "at": now,
            "detail": detail,
        }
        for ref in refs
    ]
    if rows:
        connection.execute(_NOTE, rows)


def note_one(
    connection: Connection, session_id: str, version: SessionVersion, step: str, now: int, detail: str = ""
) -> None:
    """Add a line to the history of one session."""
    note(connection, [SessionRef(session_id=session_id, version=version)], step, now, detail)


def change_session(connection: Connection, session_id: str, change: dict[str, Any]) -> None:
    """Set columns of a row that the caller has locked."""
    connection.execute(_CHANGE, {"of_session": session_id, **change})


def readable(reason: str) -> str:
    """Any text as both databases can store it and a person can read it."""
    return reason.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")[:MAX_REASON]


def version_of(row: Any) -> SessionVersion:
    """Session reference of any row that has the three columns."""
    return SessionVersion(timestamp=row.timestamp, event_id=row.event_id, attempt=row.attempt)


def ref_of(row: Any) -> SessionRef:
    return SessionRef(session_id=row.session_id, version=version_of(row))

"""Which version of a session is the newest that anybody has spoken of; older ones are turned away."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from worker.domain import SessionVersion
from worker.errors import NotFound, Superseded
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.memory import KnownSession, Memory
from worker.store.cozo.rows import SessionRow


def take_version(transaction: Transaction, draft: Memory, session_id: str, version: SessionVersion) -> KnownSession:
    """Remember the version -> what was known of it. Raises `Superseded` for one that is older than another, `NotFound` where a person
    had the session forgotten.
    """
    known = draft.sessions.get(session_id) or _stored(transaction, session_id)
    if known is None:
        if is_forgotten(transaction, session_id):
            raise NotFound(f"session {session_id}: it was forgotten, and nothing of it is stored again")
        first = KnownSession(version=version, is_finished=False, is_first=True, recorded=frozenset())
        return _write(transaction, draft, session_id, first)
    if version < known.version:
        newest = known.version
        raise Superseded(
            f"session {session_id}: a newer version is known ({newest.event_id}, attempt {newest.attempt})"
        )
    if version > known.version:
        return _write(
            transaction, draft, session_id, replace(known, version=version, is_finished=False, is_first=False)
        )
    draft.sessions[session_id] = known
    return known


def is_forgotten(source: Transaction | CozoDatabase, session_id: str) -> bool:
    return bool(source.read("forgotten", digest=digest_of(session_id)))


def digest_of(session_id: str) -> str:
    """All that stays of a session that was forgotten."""
    return sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def known_version(memory: Memory, database: CozoDatabase, session_id: str) -> SessionVersion:
    """The newest that was taken. Raises `NotFound`."""
    known = memory.sessions.get(session_id) or _stored(database, session_id)
    if known is None:
        raise NotFound(f"no session {session_id}")
    return known.version


def may_have_records(draft: Memory, session_id: str, learning_ids: Sequence[str] | None = None) -> bool:
    """Any of these learnings, or any at all; of a session whose version was taken in this transaction."""
    recorded = draft.sessions[session_id].recorded
    if recorded is None:
        return True
    return bool(recorded if learning_ids is None else recorded.intersection(learning_ids))


def note_records(draft: Memory, session_id: str, learning_ids: Sequence[str]) -> None:
    """These learnings get a record."""
    state = draft.sessions[session_id]
    if state.recorded is not None:
        draft.sessions[session_id] = replace(state, recorded=state.recorded.union(learning_ids))


def mark_finished(transaction: Transaction, draft: Memory, session_id: str) -> None:
    _write(transaction, draft, session_id, replace(draft.sessions[session_id], is_finished=True))


def _write(transaction: Transaction, draft: Memory, session_id: str, state: KnownSession) -> KnownSession:
    draft.sessions[session_id] = state
    version = state.version
    row = SessionRow(session_id, version.timestamp, version.event_id, version.attempt, state.is_finished)
    transaction.overwrite("put_session", [row])
    return state


def _stored(source: Transaction | CozoDatabase, session_id: str) -> KnownSession | None:
    rows = source.read("session", session_id=session_id)
    if not rows:
        return None
    row = SessionRow(*rows[0])
    version = SessionVersion(timestamp=row.timestamp, event_id=row.event_id, attempt=row.attempt)
    return KnownSession(version=version, is_finished=row.is_finished)

"""What a task needs to know of its session: before its learnings are attributed, and for its finish."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.blob import unpack
from worker.ledger.database import Database
from worker.ledger.entries import HOW_MANY_OPEN
from worker.ledger.schema import Entry, Event, Lightweight, Payload
from worker.ledger.sessions import ITS_ENTRIES, in_force, key_of
from worker.ledger.states import SessionState
from worker.ledger.transcripts import find_transcript

_EVENT = (
    select(Event.logged_at, Event.ablation_rate, Payload.payload)
    .join(Payload, Payload.event_id == Event.event_id)
    .where(Event.event_id == bindparam("of_event"))
)
_HEARD = and_(Lightweight.session_id == bindparam("of_session"), Lightweight.payload.is_not(None))
_LIGHTWEIGHT = select(Lightweight.payload).where(_HEARD).order_by(Lightweight.message_idx, Lightweight.event_id)
_SIGNALS = select(func.count()).where(_HEARD)
_RECORDS = select(Entry.record).where(ITS_ENTRIES, Entry.record.is_not(None)).order_by(Entry.learning_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionWork:
    """All that the ledger knows of a session before any of its learnings is attributed."""

    session_id: str
    version: SessionVersion
    state: SessionState
    #: the heavy event, to be read with `logged_at`
    payload: bytes
    logged_at: int
    ablation_rate: float
    #: one that came beside the event; None: inside it, or not yet
    transcript: bytes | None
    #: payloads in an order that does not depend on when they came; empty when the heavy event has its own, which win
    lightweight: tuple[bytes, ...]
    #: failed preparations, or looks for the transcript
    tries: int
    #: it is prepared once more, and some of its learnings may be done
    was_prepared: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedSession:
    """All that the ledger knows of a session that its finish needs."""

    state: SessionState
    #: learnings that have neither ended nor failed for good
    open_entries: int
    #: the heavy event, to be read with `logged_at`, where it carries its lightweight events itself
    payload: bytes | None
    logged_at: int
    #: as in `SessionWork`
    lightweight: tuple[bytes, ...]
    #: of its learnings that are done, in order; none are kept once it is finished
    records: tuple[bytes, ...]


class Loading:
    """Reads a session whose version must be in force."""

    _database: Database

    def load_work(self, session_id: str, version: SessionVersion) -> SessionWork:
        """Raises `Superseded`, or `NotFound` when the session is unknown or its payload was pruned."""
        with self._database.single() as connection:
            session = in_force(connection, session_id, version)
            event = _event(connection, session_id, version)
            return SessionWork(
                session_id=session_id,
                version=version,
                state=session.state,
                payload=unpack(event.payload),
                logged_at=event.logged_at,
                ablation_rate=event.ablation_rate,
                transcript=find_transcript(connection, session_id, version.event_id),
                lightweight=() if session.own_signals else _lightweight(connection, session_id),
                tries=session.tries,
                was_prepared=session.was_prepared,
            )

    def load_ended(self, session_id: str, version: SessionVersion) -> EndedSession:
        """Raises as `load_work`; a payload that was pruned is missed only where it is needed."""
        key = key_of(session_id, version)
        with self._database.single() as connection:
            session = in_force(connection, session_id, version)
            event = _event(connection, session_id, version) if session.own_signals else None
            return EndedSession(
                state=session.state,
                # before the records: where none is open, no record comes later
                open_entries=connection.scalar(HOW_MANY_OPEN, key) or 0,
                payload=unpack(event.payload) if event else None,
                logged_at=event.logged_at if event else 0,
                lightweight=() if session.own_signals else _lightweight(connection, session_id),
                records=tuple(connection.scalars(_RECORDS, key)),
            )


def count_signals(connection: Connection, session_id: str) -> int:
    """Lightweight events of the session whose payload is kept."""
    return connection.scalar(_SIGNALS, {"of_session": session_id}) or 0


def _event(connection: Connection, session_id: str, version: SessionVersion) -> Any:
    """-> logged_at, ablation_rate, payload. Raises `NotFound`."""
    event = connection.execute(_EVENT, {"of_event": version.event_id}).one_or_none()
    if event is None:
        raise NotFound(f"session {session_id}: the payload of event {version.event_id} is no longer kept")
    return event


def _lightweight(connection: Connection, session_id: str) -> tuple[bytes, ...]:
    rows = connection.scalars(_LIGHTWEIGHT, {"of_session": session_id})
    return tuple(payload for payload in rows if payload is not None)

"""One session as a person looks at it: where it stands, what is expected of it, and every step with its time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, select

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.database import Database
from worker.ledger.entries import EntryDetail, entry_details
from worker.ledger.schema import Event, Lightweight, OutboxRow, Payload, Session, SessionStep
from worker.ledger.sessions import version_of
from worker.ledger.states import SessionState


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    event_id: str
    attempt: int
    step: str
    at: int
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventReceived:
    event_id: str
    timestamp: int
    received_at: int
    stream: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    message_id: str
    event_id: str
    attempt: int
    created_at: int
    #: None: still in the outbox
    sent_at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionDetail:
    session_id: str
    version: SessionVersion
    state: SessionState
    received_at: int
    prepared_at: int | None
    finished_at: int | None
    next_try_at: int | None
    reopen_at: int | None
    tries: int
    reason: str
    #: False: pruned, it cannot be processed again
    payload_kept: bool
    #: lightweight events that came beside the heavy one
    lightweight: int
    events: list[EventReceived]
    entries: list[EntryDetail]
    steps: list[Step]
    outbox: list[Published]


class SessionHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find_sessions(self, prefix: str, limit: int = 10) -> list[str]:
        """Ids that begin so, in order."""
        query = select(Session.session_id).where(Session.session_id.startswith(prefix, autoescape=True))
        with self._database.single() as connection:
            return list(connection.scalars(query.order_by(Session.session_id).limit(limit)))

    def session_detail(self, session_id: str) -> SessionDetail:
        """Raises `NotFound`."""
        with self._database.single() as connection:
            row = connection.execute(select(Session.__table__).where(Session.session_id == session_id)).one_or_none()
            if row is None:
                raise NotFound(f"session {session_id}: the ledger does not know it")
            return SessionDetail(
                session_id=session_id,
                version=version_of(row),
                state=SessionState(row.state),
                received_at=row.received_at,
                prepared_at=row.prepared_at,
                finished_at=row.finished_at,
                next_try_at=row.next_try_at,
                reopen_at=row.reopen_at,
                tries=row.tries,
                reason=row.reason,
                payload_kept=bool(connection.scalar(select(exists().where(Payload.event_id == row.event_id)))),
                lightweight=connection.scalar(select(func.count()).where(Lightweight.session_id == session_id)) or 0,
                events=_rows(connection, EventReceived, Event, session_id, Event.received_at, Event.event_id),
                entries=entry_details(connection, session_id, version_of(row)),
                steps=_rows(connection, Step, SessionStep, session_id, SessionStep.id),
                outbox=_rows(connection, Published, OutboxRow, session_id, OutboxRow.id),
            )


def _rows(connection: Connection, shape: type[Any], table: type[Any], session_id: str, *order: Any) -> list[Any]:
    """The table's rows of this session as `shape`, whose fields are columns."""
    columns = [getattr(table, name) for name in shape.__dataclass_fields__]
    query = select(*columns).where(table.session_id == session_id).order_by(*order)
    return [shape(**row) for row in connection.execute(query).mappings()]

"""The numbers that tell whether all is well."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from worker.ledger.database import Database
from worker.ledger.schema import DeadLetterRow, Entry, Event, Lightweight, OutboxRow, Payload, Session
from worker.ledger.states import DeadLetterState, SessionState
from worker.system.clock import DAY, HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    #: when it was counted, by the database's clock
    at: int
    #: by state; states without any are left out
    sessions: dict[str, int]
    entries: dict[str, int]
    events: int
    #: heavy events that can still be processed again
    payloads: int
    lightweight: int
    #: open ones
    dead_letters: int
    outbox_unsent: int
    #: when the longest waiting message was written
    outbox_oldest: int | None
    #: sessions somebody has to work on; without those that wait for a transcript
    backlog: int
    #: when the event of the longest open one was received
    oldest_open: int | None
    #: of the backlog, those whose event was received more than an hour ago
    overdue: int
    finished_last_day: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardSession:
    """A lightweight event, and whether a heavy event of its session has come."""

    session_id: str
    is_assessed: bool
    payload: bytes


_AT_WORK = (SessionState.RECEIVED, SessionState.ATTRIBUTING)


class Counting:
    def __init__(self, database: Database) -> None:
        self._database = database

    def backlog(self) -> int:
        """Sessions somebody has to work on; those that wait for their transcript do not count."""
        with self._database.single() as connection:
            return connection.scalar(select(func.count()).where(Session.state.in_(_AT_WORK))) or 0

    def heard(self, *, limit: int = 20_000) -> list[HeardSession]:
        """The newest lightweight events whose payload is kept."""
        is_assessed = exists().where(Session.session_id == Lightweight.session_id)
        rows = (
            select(Lightweight.session_id, is_assessed.label("assessed"), Lightweight.payload)
            .where(Lightweight.payload.is_not(None))
            .order_by(Lightweight.received_at.desc(), Lightweight.event_id)
            .limit(limit)
        )
        with self._database.single() as connection:
            found = connection.execute(rows).all()
        return [HeardSession(session_id=one, is_assessed=bool(known), payload=of) for one, known, of in found if of]

    def count(self) -> Counts:
        with self._database.single() as connection:
            now = self._database.clock(connection)
            sessions = _by_state(connection, Session)
            unsent, oldest = connection.execute(
                select(func.count(), func.min(OutboxRow.created_at)).where(OutboxRow.sent_at.is_(None))
            ).one()
            return Counts(
                at=now,
                sessions=sessions,
                entries=_by_state(connection, Entry),
                events=_number(connection, Event),
                payloads=_number(connection, Payload),
                lightweight=_number(connection, Lightweight),
                dead_letters=connection.scalar(select(func.count()).where(DeadLetterRow.state == DeadLetterState.OPEN))
                or 0,
                outbox_unsent=unsent,
                outbox_oldest=oldest,
                backlog=sum(sessions.get(state, 0) for state in _AT_WORK),
                oldest_open=connection.scalar(select(func.min(Session.received_at)).where(Session.state.in_(_AT_WORK))),
                overdue=connection.scalar(
                    select(func.count()).where(Session.state.in_(_AT_WORK), Session.received_at < now - HOUR)
                )
                or 0,
                finished_last_day=connection.scalar(
                    select(func.count()).where(Session.state == SessionState.FINISHED, Session.finished_at >= now - DAY)
                )
                or 0,
            )


def _by_state(connection: Connection, table: type[Session] | type[Entry]) -> dict[str, int]:
    rows = connection.execute(
        select(table.state, func.count().label("number")).group_by(table.state).order_by(table.state)
    )
    return {row.state: row.number for row in rows}


def _number(connection: Connection, table: type[Event] | type[Payload] | type[Lightweight]) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0

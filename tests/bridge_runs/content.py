"""What a run's ledger holds, read table by table."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import create_engine, func, select

from worker.ledger import Counts, Ledger, PartitionState, open_ledger, schema
from worker.ledger.blob import unpack

#: states of sessions that somebody has to work on
OPEN = ("received", "waiting", "attributing")


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionSeen:
    session_id: str
    event_id: str
    state: str
    #: 1 for the first; late lightweight events begin another
    attempt: int


class Content:
    def __init__(self, url: str) -> None:
        self._ledger: Ledger = open_ledger(url)
        self._engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.dispose()
        self._engine.dispose()

    def partitions(self) -> list[PartitionState]:
        return self._ledger.partitions.states()

    def counts(self) -> Counts:
        return self._ledger.counts.count()

    def is_finished(self) -> bool:
        """No session is open or about to be opened again, and all that was finished is published."""
        counts = self.counts()
        return not (sum(counts.sessions.get(state, 0) for state in OPEN) + counts.outbox_unsent + self._reopening())

    def received(self) -> set[str]:
        """Ids of heavy events."""
        with self._engine.connect() as connection:
            return set(connection.scalars(select(schema.Event.event_id)))

    def payloads(self) -> dict[str, bytes]:
        """Heavy events by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.Payload.event_id, schema.Payload.payload))
            return {row.event_id: unpack(row.payload) for row in rows}

    def lightweight(self) -> dict[str, bytes | None]:
        """Lightweight events by id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.Lightweight.event_id, schema.Lightweight.payload))
            return {row.event_id: row.payload for row in rows}

    def sessions(self) -> list[SessionSeen]:
        columns = [getattr(schema.Session, name) for name in ("session_id", "event_id", "state", "attempt")]
        with self._engine.connect() as connection:
            return [SessionSeen(**row) for row in connection.execute(select(*columns)).mappings()]

    def failures(self) -> list[str]:
        """One line an entry that was given up."""
        return [f"{entry.learning_id} {entry.reason}" for entry in self._ledger.retries.failed_entries()]

    def outbox(self) -> dict[str, bytes]:
        """What was published, by message id."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.OutboxRow.message_id, schema.OutboxRow.payload))
            return {row.message_id: unpack(row.payload) for row in rows}

    def _reopening(self) -> int:
        query = select(func.count()).where(schema.Session.reopen_at.is_not(None))
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

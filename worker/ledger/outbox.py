"""What has to be published: written in the transaction that finishes a session, sent after it, kept for a while.

A message that was sent but not noted as sent goes out a second time with the same id; none is forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update

from worker.domain import SessionVersion
from worker.ledger.blob import pack, unpack
from worker.ledger.clock import is_before
from worker.ledger.database import Database
from worker.ledger.schema import OutboxRow as Row
from worker.ledger.sessions import version_of
from worker.system.clock import SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    #: UUIDv5(event id, attempt): tells a second copy from a corrected message
    message_id: UUID
    stream: str
    topic: str
    key: str
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsentMessage(OutboxMessage):
    id: int
    session_id: str
    version: SessionVersion
    created_at: int


_PUT = insert(Row)
_MARK_SENT = update(Row).where(Row.id.in_(bindparam("those", expanding=True))).values(sent_at=bindparam("at"))


@cache
def _unsent(*, is_old: bool, of_session: bool) -> Select[Any]:
    """Built once: every finish asks."""
    query = select(*Row.__table__.columns).where(Row.sent_at.is_(None), Row.id > bindparam("behind"))
    if is_old:
        query = query.where(is_before(Row.created_at, bindparam("old"), bindparam("now")))
    if of_session:
        query = query.where(Row.session_id == bindparam("its_session"))
    return query.order_by(Row.id).limit(bindparam("most"))


class Outbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def unsent(
        self,
        limit: int = 100,
        *,
        after: int = 0,
        min_age_seconds: float = 0,
        session_id: str | None = None,
    ) -> list[UnsentMessage]:
        """Oldest first, from behind the message with the number `after`.

        The sweeper leaves young ones to whoever finished the session (`min_age_seconds`).
        """
        asked: dict[str, Any] = {"behind": after, "most": limit}
        if session_id is not None:
            asked["its_session"] = session_id
        query = _unsent(is_old=min_age_seconds > 0, of_session=session_id is not None)
        with self._database.single() as connection:
            if min_age_seconds > 0:
                now = self._database.clock(connection)
                asked |= {"now": now, "old": now - round(min_age_seconds * SECOND)}
            return [
                UnsentMessage(
                    id=row.id,
                    session_id=row.session_id,
                    version=version_of(row),
                    created_at=row.created_at,
                    message_id=UUID(row.message_id),
                    stream=row.stream,
                    topic=row.topic,
                    key=row.key,
                    payload=unpack(row.payload),
                )
                for row in connection.execute(query, asked)
            ]

    def mark_sent(self, ids: Sequence[int]) -> None:
        with self._database.single() as connection:
            connection.execute(_MARK_SENT, {"those": sorted(ids), "at": self._database.clock(connection)})

    def resend(self, *, since: int | None = None, session_id: str | None = None) -> int:
        """Sent ones go out again: of one session, or sent at or after `since`, or all that are kept -> how many."""
        chosen: list[ColumnElement[bool]] = [Row.sent_at.is_not(None)]
        if since is not None:
            chosen.append(Row.sent_at >= since)
        if session_id is not None:
            chosen.append(Row.session_id == session_id)
        with self._database.write(durable=True) as connection:
            return connection.execute(update(Row).where(*chosen).values(sent_at=None)).rowcount

    def oldest_unsent(self) -> int | None:
        """When the longest waiting message was written."""
        with self._database.single() as connection:
            return connection.scalar(select(func.min(Row.created_at)).where(Row.sent_at.is_(None)))


def put(connection: Connection, session_id: str, version: SessionVersion, message: OutboxMessage, now: int) -> None:
    """Within the transaction that finishes the session."""
    row = {
        "message_id": str(message.message_id),
        "session_id": session_id,
        "timestamp": version.timestamp,
        "event_id": version.event_id,
        "attempt": version.attempt,
        "stream": message.stream,
        "topic": message.topic,
        "key": message.key,
        "payload": pack(message.payload),
        "created_at": now,
    }
    connection.execute(_PUT, row)

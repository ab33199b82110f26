"""What gave up, kept with its reason: messages that cannot be read as events, and sessions whose transcript never came."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, update

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.blob import unpack
from worker.ledger.database import Database, insert_new
from worker.ledger.partitions import Lease
from worker.ledger.schema import DeadLetterRow, Event, Payload, Session
from worker.ledger.sessions import readable
from worker.ledger.states import DeadLetterKind, DeadLetterState


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterReceived:
    """A message that could not be read, as the bridge hands it over."""

    #: "heavy" or "lightweight"
    kind: str
    payload: bytes
    reason: str
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    id: int
    kind: DeadLetterKind
    #: of kind "session" only; else empty
    session_id: str
    stream: str
    topic: str
    partition: int
    offset: int
    reason: str
    at: int
    state: DeadLetterState
    #: of the payload, in bytes
    size: int
    #: None in lists, and for a session whose payload was pruned
    payload: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterReason:
    reason: str
    letters: int
    newest_at: int


_SHOWN = (
    DeadLetterRow.id,
    DeadLetterRow.kind,
    DeadLetterRow.session_id,
    DeadLetterRow.stream,
    DeadLetterRow.topic,
    DeadLetterRow.partition,
    DeadLetterRow.offset,
    DeadLetterRow.reason,
    DeadLetterRow.at,
    DeadLetterRow.state,
    func.length(DeadLetterRow.payload).label("size"),
)


class DeadLetters:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        *,
        state: DeadLetterState | None = DeadLetterState.OPEN,
        kind: DeadLetterKind | None = None,
        reason: str | None = None,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[DeadLetter]:
        """Newest first; of this state (None: any), this kind, with exactly this reason."""
        query = select(*_SHOWN).where(_chosen(state, kind, reason)).order_by(DeadLetterRow.id.desc())
        with self._database.single() as connection:
            return [_letter(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def count(
        self,
        *,
        state: DeadLetterState | None = DeadLetterState.OPEN,
        kind: DeadLetterKind | None = None,
        reason: str | None = None,
    ) -> int:
        query = select(func.count()).select_from(DeadLetterRow).where(_chosen(state, kind, reason))
        with self._database.single() as connection:
            return connection.scalar(query) or 0

    def reasons(
        self, *, state: DeadLetterState | None = DeadLetterState.OPEN, limit: int = 100
    ) -> list[DeadLetterReason]:
        """The most frequent first."""
        number = func.count()
        columns = (DeadLetterRow.reason, number.label("letters"), func.max(DeadLetterRow.at).label("newest_at"))
        query = select(*columns).where(_chosen(state, None, None)).group_by(DeadLetterRow.reason)
        with self._database.single() as connection:
            rows = connection.execute(query.order_by(number.desc(), DeadLetterRow.reason).limit(limit))
            return [DeadLetterReason(**row) for row in rows.mappings()]

    def get(self, number: int) -> DeadLetter:
        """One letter with its bytes; those of a session are its event's."""
        query = select(*_SHOWN, DeadLetterRow.payload).where(DeadLetterRow.id == number)
        with self._database.single() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFound(f"dead letter {number}: there is none")
            if row.kind != DeadLetterKind.SESSION:
                return _letter(row, row.payload)
            payload = _event_payload(connection, row.session_id)
            return _letter(row, payload, size=len(payload or b""))

    def drop(self, number: int) -> None:
        self._settle(number, DeadLetterState.DROPPED)

    def mark_retried(self, number: int) -> None:
        self._settle(number, DeadLetterState.RETRIED)

    def _settle(self, number: int, state: DeadLetterState) -> None:
        change = update(DeadLetterRow).where(DeadLetterRow.id == number).values(state=state)
        with self._database.write(durable=True) as connection:
            if not connection.execute(change).rowcount:
                raise NotFound(f"dead letter {number}: there is none")


def keep(connection: Connection, place: Lease, dead: Sequence[DeadLetterReceived], now: int) -> None:
    """Within the caller's transaction; the same message at the same place is kept once."""
    rows = [
        {
            "kind": letter.kind,
            "session_id": "",
            "stream": place.stream,
            "topic": place.topic,
            "partition": place.partition,
            "offset": letter.offset,
            "reason": readable(letter.reason),
            "payload": letter.payload,
            "digest": _digest(letter.payload),
            "at": now,
            "state": DeadLetterState.OPEN,
        }
        for letter in dead
    ]
    _insert(connection, rows)


def keep_session(connection: Connection, session_id: str, version: SessionVersion, reason: str, now: int) -> None:
    """A session that gave up: its bytes are its event's, its place too."""
    place = select(Event.stream, Event.topic, Event.partition, Event.offset).where(Event.event_id == version.event_id)
    row = connection.execute(place).one()
    letter = {
        "kind": DeadLetterKind.SESSION,
        "session_id": session_id,
        "reason": readable(reason),
        "payload": b"",
        "digest": _digest(f"{version.attempt} {version.event_id}".encode()),
        "at": now,
        "state": DeadLetterState.OPEN,
    }
    _insert(connection, [letter | dict(row._mapping)])  # noqa: SLF001 - the public name of a row's mapping


def settle_sessions(connection: Connection, session_ids: Sequence[str]) -> None:
    """Mark the letters of sessions that are tried again as no longer open."""
    change = update(DeadLetterRow).where(
        DeadLetterRow.session_id.in_(session_ids), DeadLetterRow.state == DeadLetterState.OPEN
    )
    connection.execute(change.values(state=DeadLetterState.RETRIED))


def _chosen(state: DeadLetterState | None, kind: DeadLetterKind | None, reason: str | None) -> ColumnElement[bool]:
    wanted = {DeadLetterRow.state: state, DeadLetterRow.kind: kind, DeadLetterRow.reason: reason}
    return and_(True, *(column == given for column, given in wanted.items() if given is not None))


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert_new(connection, DeadLetterRow), rows)


def _event_payload(connection: Connection, session_id: str) -> bytes | None:
    query = select(Payload.payload).join(Session, Session.event_id == Payload.event_id)
    packed = connection.scalar(query.where(Session.session_id == session_id))
    return None if packed is None else unpack(packed)


def _letter(row: Row[Any], payload: bytes | None = None, size: int | None = None) -> DeadLetter:
    shown = {column.key: getattr(row, column.key) for column in _SHOWN}
    shown |= {"kind": DeadLetterKind(row.kind), "state": DeadLetterState(row.state)}
    return DeadLetter(**shown | {"payload": payload, "size": row.size if size is None else size})


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()

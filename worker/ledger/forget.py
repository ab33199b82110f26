"""A person has a session or a learning forgotten: its rows go. Of a session a digest stays, so that nothing brings it back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, text

from worker.formats.session_of import tells_of
from worker.ledger.database import Database, insert_new
from worker.ledger.schema import (
    DeadLetterRow,
    Entry,
    Event,
    Forgotten,
    Lightweight,
    OutboxRow,
    Payload,
    Session,
    SessionStep,
    Transcript,
)

#: any number that no other advisory lock of ours has: whoever brings new sessions holds it shared, who forgets alone
_FORGETTING = 0x67726F6F7667


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenRows:
    """Rows by what they hold; of a learning there are entries and steps only."""

    sessions: int = 0
    events: int = 0
    lightweight: int = 0
    transcripts: int = 0
    entries: int = 0
    steps: int = 0
    outbox: int = 0
    dead_letters: int = 0


class Forgetting:
    """`dry_run`: count the rows and leave them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sessions(self, session_ids: Sequence[str], *, dry_run: bool = False) -> ForgottenRows:
        """Everything of these sessions, whether the ledger knows them or not. From then on nothing of them is taken in again."""
        with self._database.write(durable=True) as connection:
            if not dry_run:
                _alone(connection)
                rows = [{"digest": digest_of(id_)} for id_ in sorted(set(session_ids))]
                connection.execute(insert_new(connection, Forgotten), rows)
                # as whoever changes sessions does, in the order of their ids: so nobody deadlocks
                mine = select(Session.session_id).where(Session.session_id.in_(session_ids))
                connection.execute(mine.order_by(Session.session_id).with_for_update()).all()
            conditions = {
                "sessions": (Session, Session.session_id.in_(session_ids)),
                "entries": (Entry, Entry.session_id.in_(session_ids)),
                "lightweight": (Lightweight, Lightweight.session_id.in_(session_ids)),
                "transcripts": (Transcript, Transcript.session_id.in_(session_ids)),
                "outbox": (OutboxRow, OutboxRow.session_id.in_(session_ids)),
                "dead_letters": (DeadLetterRow, DeadLetterRow.id.in_(_letters(connection, session_ids))),
                "steps": (SessionStep, SessionStep.session_id.in_(session_ids)),
            }
            counts = {name: _go(connection, *which, dry_run=dry_run) for name, which in conditions.items()}
            of_session = Event.session_id.in_(session_ids)
            _go(connection, Payload, Payload.event_id.in_(select(Event.event_id).where(of_session)), dry_run=dry_run)
            return ForgottenRows(**counts, events=_go(connection, Event, of_session, dry_run=dry_run))

    def learning(self, learning_id: str, *, dry_run: bool = False) -> ForgottenRows:
        """What sessions were to find out about it, and how that failed. The sessions themselves stay, and their events name it."""
        failed = and_(
            SessionStep.step.startswith("learning "), SessionStep.detail.startswith(f"{learning_id}: ", autoescape=True)
        )
        with self._database.write(durable=True) as connection:
            return ForgottenRows(
                entries=_go(connection, Entry, Entry.learning_id == learning_id, dry_run=dry_run),
                steps=_go(connection, SessionStep, failed, dry_run=dry_run),
            )

    def scrub(self) -> bool:
        """Write the file anew without what was deleted -> whether that is done; PostgreSQL sees to its files itself, later."""
        if not self._database.is_sqlite:
            return False
        with self._database.single() as connection:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        return not busy


def digest_of(session_id: str) -> str:
    """All that stays of a session that was forgotten."""
    return sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def forgotten_among(connection: Connection, session_ids: Iterable[str]) -> set[str]:
    """Forgotten sessions, of which nothing is stored; nobody has one more forgotten until the caller's transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:number)"), {"number": _FORGETTING})
    by_digest = {digest_of(session_id): session_id for session_id in session_ids}
    found = connection.scalars(select(Forgotten.digest).where(Forgotten.digest.in_(sorted(by_digest))))
    return {by_digest[digest] for digest in found}


def _alone(connection: Connection) -> None:
    """SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _FORGETTING})


def _letters(connection: Connection, session_ids: Sequence[str]) -> list[int]:
    """Dead letters of these sessions, and messages that could not be read but name one."""
    wanted = frozenset(session_ids)
    rows = connection.execute(select(DeadLetterRow.id, DeadLetterRow.session_id, DeadLetterRow.payload))
    return [row.id for row in rows if row.session_id in wanted or tells_of(row.payload, wanted)]


def _go(connection: Connection, table: type[Any], condition: ColumnElement[bool], *, dry_run: bool) -> int:
    if dry_run:
        return connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
    return connection.execute(delete(table).where(condition)).rowcount

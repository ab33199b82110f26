"""What comes in: a batch's events, dead letters and the partition's new position, in one transaction.

An event id that is known changes nothing, and under the id of another session's event a message is a dead letter. Of several heavy
events of one session the newest by (timestamp, event_id) is in force, whatever order they come in: it takes the session back to
`received`, an older one is only remembered. A lightweight event that comes when the session's signals were already read reopens it after
a quiet period, unless the heavy event carries its own, which win.
Of a session that a person had forgotten nothing is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, and_, delete, or_, select, update
from sqlalchemy.orm import DeclarativeBase

from worker.errors import InvalidEvent
from worker.formats.heavy_event import HeavyEvent
from worker.formats.lightweight_event import LightweightEvent
from worker.formats.wire import derived_id
from worker.ledger.blob import pack
from worker.ledger.database import Database, insert_into, insert_new
from worker.ledger.dead_letters import DeadLetterReceived, keep, settle_sessions
from worker.ledger.forget import forgotten_among
from worker.ledger.partitions import Lease, move
from worker.ledger.schema import Entry, Event, Lightweight, LogPartition, Payload, Session, Transcript
from worker.ledger.sessions import SessionRef, fresh, keep_signals, note, ref_of
from worker.ledger.states import SessionState

#: where an event stands that did not come from the log
BY_HAND = Lease(stream="", topic="", partition=-1, epoch=0, position=-1, last_id=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeavyReceived:
    event: HeavyEvent
    payload: bytes
    offset: int
    #: when the log took it
    logged_at: int
    #: what the event's `transcript_path` held, when it was there to be read
    transcript: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LightweightReceived:
    event: LightweightEvent
    payload: bytes
    offset: int
    logged_at: int


class Intake:
    def __init__(self, database: Database, *, quiet: int) -> None:
        self._database = database
        #: microseconds without a further lightweight event before a session is reopened
        self._quiet = quiet

    def record(
        self,
        lease: Lease,
        *,
        heavy: Sequence[HeavyReceived] = (),
        lightweight: Sequence[LightweightReceived] = (),
        dead: Sequence[DeadLetterReceived] = (),
        position: int,
        last_id: str | None,
        gap: bool,
        ablation_rate: float,
    ) -> list[SessionRef]:
        """Store what was read and move the position behind it -> the sessions to be prepared, noted as sent.

        Raises `LostLease`, and then nothing of it is stored.
        """
        batch = _Batch(heavy, lightweight, lease, ablation_rate=ablation_rate, quiet=self._quiet)
        with self._database.write(durable=True) as connection:
            change = {"position": position, "last_id": last_id, "gaps": LogPartition.gaps + int(gap)}
            move(connection, lease, change)
            now = self._database.clock(connection)
            refs = batch.store(connection, now)
            keep(connection, lease, [*dead, *batch.under_anothers_id(connection)], now)
            return refs

    def receive(
        self,
        *,
        heavy: Sequence[HeavyReceived] = (),
        lightweight: Sequence[LightweightReceived] = (),
        ablation_rate: float,
    ) -> list[SessionRef]:
        """Receive without a place in the log: a dead letter that can be read by now.

        Raises `InvalidEvent` for the id of another session's event.
        """
        batch = _Batch(heavy, lightweight, BY_HAND, ablation_rate=ablation_rate, quiet=self._quiet)
        with self._database.write(durable=True) as connection:
            refs = batch.store(connection, self._database.clock(connection))
            for letter in batch.under_anothers_id(connection):
                raise InvalidEvent(letter.reason)
            return refs


class _Batch:
    """Rows made before the transaction begins, and stored within it; each table in the order of its keys, so that nobody deadlocks."""

    def __init__(
        self,
        heavy: Sequence[HeavyReceived],
        lightweight: Sequence[LightweightReceived],
        place: Lease,
        *,
        ablation_rate: float,
        quiet: int,
    ) -> None:
        #: of the transaction that stores it
        self._now = 0
        self._quiet = quiet
        self._received = heavy
        self._heavy = {received.event.event_id: received for received in reversed(heavy)}
        self._packed = {_of_session(received): pack(received.payload) for received in reversed(heavy)}
        self._place = place
        self._ablation_rate = ablation_rate
        self._all_new = False
        self._lightweight = {str(derived_id(received.payload)): received for received in reversed(lightweight)}

    def store(self, connection: Connection, now: int) -> list[SessionRef]:
        self._now = now
        signalled = {_session_of(received) for received in self._lightweight.values()}
        keep_signals(connection, signalled)
        self._leave_out(forgotten_among(connection, signalled | {_session_of(r) for r in self._heavy.values()}))
        heavy = self._store_heavy(connection)
        signalled = self._store_lightweight(connection)
        refs = self._begin_sessions(connection, _newest(heavy)) if heavy else []
        others = signalled - {ref.session_id for ref in refs}
        if others:
            self._reopen_later(connection, others)
        return refs

    def under_anothers_id(self, connection: Connection) -> list[DeadLetterReceived]:
        """Once the batch is stored: heavy events whose id is that of an event of another session, which alone is known by it."""
        query = select(Event.event_id, Event.session_id).where(Event.event_id.in_(sorted(self._heavy)))
        if not self._heavy or self._all_new:
            return []
        owners = {row.event_id: row.session_id for row in connection.execute(query)}
        return [
            DeadLetterReceived(
                kind="heavy",
                payload=received.payload,
                reason=f"event_id: {event.event_id!r} is the id of an event of session {owner!r}: an id names one event",
                offset=received.offset,
            )
            for received in self._received
            if (event := received.event).session_id != (owner := owners[event.event_id])
        ]

    def _leave_out(self, forgotten: set[str]) -> None:
        self._received = [received for received in self._received if _session_of(received) not in forgotten]
        self._heavy = {received.event.event_id: received for received in reversed(self._received)}
        self._lightweight = {id_: r for id_, r in self._lightweight.items() if _session_of(r) not in forgotten}

    def _store_heavy(self, connection: Connection) -> list[HeavyReceived]:
        new = _unknown(connection, Event, self._heavy)
        self._all_new = len(new) == len(self._received)
        if new:
            _add(connection, Event, [self._event_row(self._heavy[event_id]) for event_id in new])
            payloads = {event_id: self._packed[_of_session(self._heavy[event_id])] for event_id in new}
            _add(connection, Payload, [{"event_id": event_id, "payload": payloads[event_id]} for event_id in new])
            _add(connection, Transcript, list(_transcripts(self._heavy[event_id] for event_id in new)))
        return [self._heavy[event_id] for event_id in new]

    def _event_row(self, received: HeavyReceived) -> dict[str, Any]:
        return {
            "event_id": received.event.event_id,
            "session_id": received.event.session_id,
            "timestamp": received.event.timestamp,
            "received_at": self._now,
            "logged_at": received.logged_at,
            "stream": self._place.stream,
            "topic": self._place.topic,
            "partition": self._place.partition,
            "offset": received.offset,
            "ablation_rate": self._ablation_rate,
        }

    def _store_lightweight(self, connection: Connection) -> set[str]:
        new = _unknown(connection, Lightweight, self._lightweight)
        rows = [self._lightweight_row(event_id, self._lightweight[event_id]) for event_id in new]
        _add(connection, Lightweight, rows)
        return {row["session_id"] for row in rows}

    def _lightweight_row(self, event_id: str, received: LightweightReceived) -> dict[str, Any]:
        context = received.event.context
        given = None if context is None else context.timestamp
        return {
            "event_id": event_id,
            "session_id": _session_of(received),
            "timestamp": received.logged_at if given is None else given,
            "message_idx": received.event.message_idx,
            "received_at": self._now,
            "payload": received.payload,
        }

    def _begin_sessions(self, connection: Connection, newest: list[HeavyReceived]) -> list[SessionRef]:
        """Sessions that are new, or stand at an older event than what came."""
        in_force = _events_in_force(connection, [received.event.session_id for received in newest])
        rows = [
            self._session_row(received)
            for received in newest
            if in_force.get(received.event.session_id, (_BEFORE_ALL, "")) < _place_in_time(received)
        ]
        if not rows:
            return []
        begun = connection.execute(_replace_older(connection), rows)
        refs = sorted((ref_of(row) for row in begun), key=lambda ref: ref.session_id)
        ids = [ref.session_id for ref in refs]
        connection.execute(delete(Entry).where(Entry.session_id.in_(ids)))
        settle_sessions(connection, ids)
        note(connection, refs, "received", self._now)
        return refs

    def _session_row(self, received: HeavyReceived) -> dict[str, Any]:
        event = received.event
        return {
            "session_id": event.session_id,
            "timestamp": event.timestamp,
            "event_id": event.event_id,
            "attempt": event.version.attempt,
            "own_signals": int(bool(event.lightweight_events)),
            "received_at": self._now,
        } | fresh(self._now)

    def _reopen_later(self, connection: Connection, session_ids: set[str]) -> None:
        """Wait for each session's row before looking at its state: a preparation that read the signals may be about to say so.

        One that has been prepared and is to be prepared again has read them too, and some of its learnings may be done.
        """
        query = select(Session.session_id, Session.state, Session.prepared_at).where(
            Session.session_id.in_(sorted(session_ids)), Session.own_signals == 0
        )
        rows = connection.execute(query.order_by(Session.session_id).with_for_update()).all()
        read = [row.session_id for row in rows if row.state in _SIGNALS_READ or row.prepared_at is not None]
        if read:
            change = update(Session).where(Session.session_id.in_(read)).values(reopen_at=self._now + self._quiet)
            connection.execute(change)


_BEFORE_ALL = -(2**63)
_SIGNALS_READ = (SessionState.ATTRIBUTING, SessionState.FINISHED)


def _of_session(received: HeavyReceived) -> tuple[str, str]:
    return received.event.event_id, received.event.session_id


def _session_of(received: HeavyReceived | LightweightReceived) -> str:
    if isinstance(received, HeavyReceived):
        return received.event.session_id
    context = received.event.context
    assert context is not None, "the reader of lightweight events asks for their session"
    return context.session_id


def _place_in_time(received: HeavyReceived) -> tuple[int, str]:
    return received.event.timestamp, received.event.event_id


def _events_in_force(connection: Connection, session_ids: list[str]) -> dict[str, tuple[int, str]]:
    """By session, its rows locked."""
    query = select(Session.session_id, Session.timestamp, Session.event_id).where(Session.session_id.in_(session_ids))
    rows = connection.execute(query.order_by(Session.session_id).with_for_update())
    return {row.session_id: (row.timestamp, row.event_id) for row in rows}


def _replace_older(connection: Connection) -> Executable:
    """-> the rows that were stored. The condition stands again: another replica may have inserted a session a moment ago."""
    insert = insert_into(connection, Session)
    new = insert.excluded
    older = or_(
        Session.timestamp < new.timestamp, and_(Session.timestamp == new.timestamp, Session.event_id < new.event_id)
    )
    columns = {column.name: new[column.name] for column in Session.__table__.columns if not column.primary_key}
    upsert = insert.on_conflict_do_update(index_elements=[Session.session_id], set_=columns, where=older)
    return upsert.returning(Session.session_id, Session.timestamp, Session.event_id, Session.attempt)


def _unknown(connection: Connection, table: type[Event | Lightweight], ids: Iterable[str]) -> list[str]:
    """Sessions that the ledger has never seen, in order."""
    wanted = sorted(ids)
    if not wanted:
        return []
    known = set(connection.scalars(select(table.event_id).where(table.event_id.in_(wanted))))
    return [event_id for event_id in wanted if event_id not in known]


def _add(connection: Connection, table: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert_new(connection, table), rows)


def _transcripts(heavy: Iterable[HeavyReceived]) -> Iterable[dict[str, Any]]:
    for received in heavy:
        if received.transcript is not None:
            yield {
                "session_id": received.event.session_id,
                "event_id": received.event.event_id,
                "transcript": pack(received.transcript),
            }


def _newest(heavy: Iterable[HeavyReceived]) -> list[HeavyReceived]:
    by_session: dict[str, HeavyReceived] = {}
    for received in sorted(heavy, key=_place_in_time):
        by_session[received.event.session_id] = received
    return [by_session[session_id] for session_id in sorted(by_session)]

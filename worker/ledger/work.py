"""One session from received to finished: load, prepare, expect, finish; every step names the version it belongs to.

A call for a version that is not in force raises `Superseded`; one whose state does not fit changes nothing and says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.blob import unpack
from worker.ledger.database import Database, insert_new
from worker.ledger.dead_letters import keep_session
from worker.ledger.entries import ANY_OPEN, HOW_MANY_OPEN, Entries
from worker.ledger.outbox import OutboxMessage, put
from worker.ledger.schema import Entry, Event, Lightweight, Payload, Session
from worker.ledger.sessions import (
    ITS_ENTRIES,
    MOST_DOUBLINGS,
    THIS_SESSION,
    THIS_VERSION,
    SessionRef,
    Standing,
    begin_attempts,
    is_version,
    keep_signals,
    key_of,
    note,
    of_version,
    readable,
    standing,
)
from worker.ledger.states import EntryState, SessionState
from worker.ledger.transcripts import Transcripts, find_transcript

_EVENT = (
    select(Event.logged_at, Event.ablation_rate, Payload.payload)
    .join(Payload, Payload.event_id == Event.event_id)
    .where(Event.event_id == bindparam("of_event"))
)
_HEARD = and_(Lightweight.session_id == bindparam("of_session"), Lightweight.payload.is_not(None))
_LIGHTWEIGHT = select(Lightweight.payload).where(_HEARD).order_by(Lightweight.message_idx, Lightweight.event_id)
_RECORDS = select(Entry.record).where(ITS_ENTRIES, Entry.record.is_not(None)).order_by(Entry.learning_id)
_SIGNALS = select(func.count()).where(_HEARD)
_CHANGE = update(Session).where(THIS_SESSION)
_IS_OPEN = and_(ITS_ENTRIES, Entry.state == EntryState.PENDING)
_SEND_OPEN = (
    update(Entry).where(_IS_OPEN).values(sent_at=bindparam("at"), sends=Entry.sends + 1).returning(Entry.learning_id)
)
_FINISH = (
    update(Session)
    .where(THIS_VERSION, Session.state == SessionState.ATTRIBUTING, ~exists().where(_IS_OPEN))
    .values(state=SessionState.FINISHED, finished_at=bindparam("at"))
)
_LOCK = select(Session.session_id).where(THIS_SESSION).with_for_update()
_FORGET_RECORDS = update(Entry).where(ITS_ENTRIES).values(record=None)
_REFUSE = (
    update(Entry)
    .where(ITS_ENTRIES, Entry.learning_id == bindparam("of_learning"))
    .values(state=EntryState.FAILED, reason=bindparam("why"), ended_at=bindparam("at"))
)

_OPEN = (SessionState.RECEIVED, SessionState.WAITING, SessionState.ATTRIBUTING)


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


class Work(Entries, Transcripts):
    """What tasks do to a session, with its entries and its transcript."""

    def __init__(self, database: Database, *, quiet: int) -> None:
        super().__init__(database)
        #: microseconds without a further lightweight event before a session is reopened
        self._quiet = quiet

    def load_work(self, session_id: str, version: SessionVersion) -> SessionWork:
        """Raises `Superseded`, or `NotFound` when the session is unknown or its payload was pruned."""
        with self._database.single() as connection:
            session = standing(connection, session_id, version)
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
            session = standing(connection, session_id, version)
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

    def start_session(self, session_id: str, version: SessionVersion, now: int) -> None:
        """A preparation begins: should its process die, the sweeper counts a try. Raises `Superseded`."""
        change = update(Session).where(is_version(session_id, version), Session.state == SessionState.RECEIVED)
        with self._database.single() as connection:
            if not connection.execute(change.values(started_at=now)).rowcount:
                standing(connection, session_id, version)

    def put_back(self, session_id: str, version: SessionVersion, learning_ids: Iterable[str] | None) -> None:
        """A task of these learnings (None: the preparation) ended without a result and alive: its start is forgotten, no try is spent."""
        if learning_ids is None:
            change = update(Session).where(is_version(session_id, version), Session.state == SessionState.RECEIVED)
        else:
            change = update(Entry).where(of_version(session_id, version), Entry.learning_id.in_(list(learning_ids)))
            change = change.where(Entry.state == EntryState.PENDING)
        with self._database.single() as connection:
            connection.execute(change.values(started_at=None))

    def prepare_again(self, session_id: str, version: SessionVersion, now: int) -> bool:
        """The bundle is gone: the session is to be prepared once more, what is done of it stays -> whether it was this call that did."""
        change = update(Session).where(is_version(session_id, version), Session.state == SessionState.ATTRIBUTING)
        again = {"state": SessionState.RECEIVED, "sent_at": now, "sends": 1, "started_at": None, "next_try_at": None}
        with self._database.write() as connection:
            if not connection.execute(change.values(**again)).rowcount:
                return False
            _note(connection, session_id, version, "prepared again", now, "its bundle was no longer kept")
            return True

    def mark_waiting(self, session_id: str, version: SessionVersion, *, next_try_at: int, reason: str, now: int) -> int:
        """The transcript is not there; somebody looks again at `next_try_at` -> how often it was looked for by now."""
        with self._database.write() as connection:
            session = standing(connection, session_id, version, lock=True)
            if session.state not in (SessionState.RECEIVED, SessionState.WAITING):
                return session.tries
            tries = session.tries + 1 if session.state == SessionState.WAITING else 1
            change = {"state": SessionState.WAITING, "next_try_at": next_try_at, "tries": tries, "started_at": None}
            _change(connection, session_id, change | {"reason": readable(reason)})
            if tries == 1:
                _note(connection, session_id, version, "waiting", now, readable(reason))
            return tries

    def fail_preparation(
        self, session_id: str, version: SessionVersion, reason: str, *, now: int, max_tries: int, retry_at: int
    ) -> bool:
        """`prepare_session` itself failed. False: the sweeper sends it again as in `fail_entry`. True: it gave up.

        Having given up, the caller calls `expect` with every learning refused for that reason.
        """
        with self._database.write() as connection:
            session = standing(connection, session_id, version, lock=True)
            if session.state != SessionState.RECEIVED:
                return False
            tries = session.tries + 1
            next_try_at = now + ((retry_at - now) << min(session.tries, MOST_DOUBLINGS))
            again = {"tries": tries, "reason": readable(reason), "next_try_at": next_try_at, "started_at": None}
            _change(connection, session_id, again)
            _note(connection, session_id, version, "preparation failed", now, readable(reason))
            return tries >= max_tries

    def expect(
        self,
        session_id: str,
        version: SessionVersion,
        learning_ids: Iterable[str],
        *,
        refused: Mapping[str, str] | None = None,
        signals_seen: int,
        now: int,
    ) -> list[str]:
        """From here on the session waits for these learnings -> those that are still open, in order.

        `refused` (learning id -> reason) are failed entries at once. `signals_seen` is the number of lightweight events that `load_work`
        returned: if more have come since, the session is reopened after the quiet period. Doing it again changes nothing but when the open
        ones were sent. Of a finished session nothing is open.
        """
        reasons = {learning_id: readable(reason) for learning_id, reason in (refused or {}).items()}
        wanted = sorted({*learning_ids, *reasons})
        with self._database.write() as connection:
            keep_signals(connection, [session_id])
            session = standing(connection, session_id, version, lock=True)
            if session.state not in _OPEN:
                return []
            _add_entries(connection, session_id, version, wanted, reasons, now)
            change: dict[str, Any] = {"sent_at": now}
            if session.state != SessionState.ATTRIBUTING:
                change |= self._prepared(connection, session_id, session, signals_seen, now)
                _note(connection, session_id, version, "prepared", now, _numbers(len(wanted), len(reasons)))
            _change(connection, session_id, change)
            return _send_open(connection, session_id, version, now)

    def _prepared(
        self, connection: Connection, session_id: str, session: Standing, signals_seen: int, now: int
    ) -> dict[str, Any]:
        change = {"state": SessionState.ATTRIBUTING, "prepared_at": now, "sends": 1, "tries": 0, "reason": ""}
        change |= {"started_at": None, "next_try_at": None}
        if not session.own_signals and _signals(connection, session_id) != signals_seen:
            change["reopen_at"] = now + self._quiet
        return change

    def finish(
        self,
        session_id: str,
        version: SessionVersion,
        *,
        now: int,
        message: OutboxMessage | None,
        refused: Mapping[str, str] | None = None,
    ) -> bool:
        """Close this version and put its message into the outbox, once -> whether it was this call that did.

        `refused`: learnings whose record the store would not take, with its reasons; they have failed. The records that the entries kept
        are forgotten. False: finished already, another version is in force, or entries are open.
        """
        key = key_of(session_id, version)
        with self._database.write() as connection:
            connection.execute(_LOCK, key)  # entries that somebody adds meanwhile are seen by the next statement
            if not connection.execute(_FINISH, {**key, "at": now}).rowcount:
                return False
            if message is not None:
                put(connection, session_id, version, message, now)
            connection.execute(_FORGET_RECORDS, key)
            for learning_id, reason in sorted((refused or {}).items()):
                why = readable(reason)
                connection.execute(_REFUSE, {**key, "of_learning": learning_id, "why": why, "at": now})
                _note(connection, session_id, version, "learning failed", now, f"{learning_id}: {why}")
            _note(connection, session_id, version, "finished", now)
            return True

    def fail_finish(self, session_id: str, version: SessionVersion, reason: str, *, now: int, max_tries: int) -> bool:
        """Its learnings are there, but closing it failed. False: the sweeper tries again. True: give it up with `fail_session`."""
        with self._database.write() as connection:
            session = standing(connection, session_id, version, lock=True)
            is_open = connection.execute(ANY_OPEN, key_of(session_id, version)).first() is not None
            if session.state != SessionState.ATTRIBUTING or is_open:
                return False
            tries = session.tries + 1
            _change(connection, session_id, {"tries": tries, "reason": readable(reason), "sent_at": now})
            _note(connection, session_id, version, "finish failed", now, readable(reason))
            return tries >= max_tries

    def begin_above(self, session_id: str, version: SessionVersion, attempt: int, now: int) -> SessionRef | None:
        """The store knows a later attempt of this event (the ledger was restored from an older copy): start over above that one.

        None: another version is in force by now.
        """
        with self._database.write(durable=True) as connection:
            step, this = "begun above the attempt that the store knows", is_version(session_id, version)
            return next(iter(begin_attempts(connection, this, step=step, now=now, above=attempt)), None)

    def fail_session(self, session_id: str, version: SessionVersion, reason: str, now: int) -> bool:
        """Nothing can be made of this session (its transcript never came): a dead letter -> whether it was this call that did."""
        change = update(Session).where(is_version(session_id, version), Session.state.in_(_OPEN))
        dead = {"state": SessionState.DEAD, "reason": readable(reason), "finished_at": now, "next_try_at": None}
        with self._database.write() as connection:
            if not connection.execute(change.values(**dead)).rowcount:
                return False
            keep_session(connection, session_id, version, reason, now)
            _note(connection, session_id, version, "gave up", now, readable(reason))
            return True


def _event(connection: Connection, session_id: str, version: SessionVersion) -> Any:
    """-> logged_at, ablation_rate, payload. Raises `NotFound`."""
    event = connection.execute(_EVENT, {"of_event": version.event_id}).one_or_none()
    if event is None:
        raise NotFound(f"session {session_id}: the payload of event {version.event_id} is no longer kept")
    return event


def _lightweight(connection: Connection, session_id: str) -> tuple[bytes, ...]:
    rows = connection.scalars(_LIGHTWEIGHT, {"of_session": session_id})
    return tuple(payload for payload in rows if payload is not None)


def _signals(connection: Connection, session_id: str) -> int:
    return connection.scalar(_SIGNALS, {"of_session": session_id}) or 0


def _add_entries(
    connection: Connection,
    session_id: str,
    version: SessionVersion,
    learning_ids: list[str],
    reasons: Mapping[str, str],
    now: int,
) -> None:
    rows = [
        {
            "session_id": session_id,
            "learning_id": learning_id,
            "event_id": version.event_id,
            "attempt": version.attempt,
            "state": EntryState.FAILED if learning_id in reasons else EntryState.PENDING,
            "tries": 0,
            "sends": 0,
            "reason": reasons.get(learning_id, ""),
            "sent_at": now,
            "ended_at": now if learning_id in reasons else None,
        }
        for learning_id in learning_ids
    ]
    if rows:
        connection.execute(insert_new(connection, Entry), rows)


def _send_open(connection: Connection, session_id: str, version: SessionVersion, now: int) -> list[str]:
    return sorted(connection.scalars(_SEND_OPEN, {**key_of(session_id, version), "at": now}))


def _change(connection: Connection, session_id: str, change: dict[str, Any]) -> None:
    """Of a row that the caller has locked."""
    connection.execute(_CHANGE, {"of_session": session_id, **change})


def _note(
    connection: Connection, session_id: str, version: SessionVersion, step: str, now: int, detail: str = ""
) -> None:
    note(connection, [SessionRef(session_id=session_id, version=version)], step, now, detail)


def _numbers(wanted: int, refused: int) -> str:
    return f"{wanted} learning{'' if wanted == 1 else 's'}" + (f", {refused} refused" if refused else "")

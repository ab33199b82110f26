"""One learning of one session: pending until it is done, or failed with its reason; it keeps its record until the session is finished.

Whether everything is there is counted in a transaction of its own after the change: of two workers that end the last two
entries at once, the one that looks later sees both. (Counted in the transaction of the change, neither would.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.database import Database
from worker.ledger.schema import Entry
from worker.ledger.sessions import (
    ITS_ENTRIES,
    MOST_DOUBLINGS,
    SessionRef,
    in_force,
    key_of,
    note,
    of_version,
    readable,
)
from worker.ledger.states import EntryState
from worker.system.clock import SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryStatus:
    state: EntryState
    #: how often the work itself failed
    tries: int
    #: how often it was handed to the broker
    sends: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryDetail:
    learning_id: str
    state: EntryState
    tries: int
    sends: int
    reason: str
    sent_at: int
    started_at: int | None
    ended_at: int | None
    next_try_at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryOutcome:
    """What a failure led to."""

    #: failed for good; otherwise the sweeper sends it again
    given_up: bool
    #: it was the last open one: enqueue the finish
    last: bool


# These run for every learning: built once.
_COMPLETE = (
    update(Entry)
    .where(ITS_ENTRIES, Entry.learning_id == bindparam("of_learning"), Entry.state == EntryState.PENDING)
    .values(state=EntryState.DONE, reason="", next_try_at=None, ended_at=bindparam("at"), record=bindparam("of_record"))
)
ANY_OPEN = select(Entry.learning_id).where(ITS_ENTRIES, Entry.state == EntryState.PENDING).limit(1)
HOW_MANY_OPEN = select(func.count()).where(ITS_ENTRIES, Entry.state == EntryState.PENDING)
_ITS_LEARNINGS = and_(ITS_ENTRIES, Entry.learning_id.in_(bindparam("of_learnings", expanding=True)))
_SENT = select(Entry.learning_id, Entry.state, Entry.sends).where(_ITS_LEARNINGS)
_START = update(Entry).where(_ITS_LEARNINGS, Entry.state == EntryState.PENDING).values(started_at=bindparam("at"))
_STATUS = select(Entry.state, Entry.tries, Entry.sends, Entry.reason).where(
    ITS_ENTRIES, Entry.learning_id == bindparam("of_learning")
)


class Entries:
    _database: Database

    def entry_state(self, session_id: str, version: SessionVersion, learning_id: str) -> EntryStatus:
        """Raises `Superseded`, or `NotFound` for a learning that this version does not expect."""
        with self._database.single() as connection:
            return _status(connection, session_id, version, learning_id)

    def start_entries(self, session_id: str, version: SessionVersion, learning_ids: Sequence[str]) -> list[str]:
        """A task begins -> those of its learnings that are still open, in order; the others a copy of its message has done.

        Of those that were sent again it notes the start, so that the sweeper can tell that their process died: the usual task costs no
        write for that, and the first death counts nothing. Raises `Superseded`, or `NotFound` for a learning that is not expected.
        """
        key = key_of(session_id, version)
        with self._database.single() as connection:
            rows = connection.execute(_SENT, {**key, "of_learnings": learning_ids}).all()
            if missing := set(learning_ids).difference(row.learning_id for row in rows):
                in_force(connection, session_id, version)
                raise NotFound(f"session {session_id}: learning {min(missing)} is not expected of it")
            pending = {row.learning_id: row.sends for row in rows if row.state == EntryState.PENDING}
            again = [learning_id for learning_id, sends in pending.items() if sends > 1]
            if again:
                connection.execute(_START, {**key, "of_learnings": again, "at": self._database.clock(connection)})
            return [learning_id for learning_id in learning_ids if learning_id in pending]

    def complete_entries(self, session_id: str, version: SessionVersion, records: Mapping[str, bytes | None]) -> bool:
        """A task's learnings are done, all or none (learning id -> record) -> whether any was still open: a duplicate is no trigger.

        The records are kept until the session is finished. Raises `Superseded`. What has failed for good stays failed.
        """
        key = key_of(session_id, version)
        rows = [{**key, "of_learning": id_, "of_record": record} for id_, record in sorted(records.items())]
        if not rows:
            return False
        with self._database.single() if len(rows) == 1 else self._database.write() as connection:
            now = self._database.clock(connection)
            rows = [row | {"at": now} for row in rows]
            found = connection.execute(_COMPLETE, rows if len(rows) > 1 else rows[0]).rowcount
            # some are not open any more, or it is another version's turn, which has entries of its own
            if found < len(rows):
                in_force(connection, session_id, version)
            return found > 0

    def all_ended(self, session_id: str, version: SessionVersion) -> bool:
        """Nothing is open any more: the finish is due."""
        with self._database.single() as connection:
            return connection.execute(ANY_OPEN, key_of(session_id, version)).first() is None

    def fail_entry(
        self,
        session_id: str,
        version: SessionVersion,
        learning_id: str,
        reason: str,
        *,
        max_tries: int,
        retry_seconds: float,
    ) -> EntryOutcome:
        """The work itself failed: a try more, and after `max_tries` of them failed for good.

        After the first it is sent again `retry_seconds` later, after each further one twice as late (`MOST_DOUBLINGS`).

        Raises `Superseded`. An entry that is no longer open stays as it is.
        """
        with self._database.write() as connection:
            now = self._database.clock(connection)
            change = _fail(readable(reason), now=now, max_tries=max_tries, pause=round(retry_seconds * SECOND))
            this = and_(of_version(session_id, version), Entry.learning_id == learning_id)
            state = connection.scalar(change.where(this))
            if state is None:
                in_force(connection, session_id, version)
                return EntryOutcome(given_up=False, last=False)
            step = "learning failed" if state == EntryState.FAILED else "learning to be tried again"
            ref = SessionRef(session_id=session_id, version=version)
            note(connection, [ref], step, now, f"{learning_id}: {readable(reason)}")
        given_up = state == EntryState.FAILED
        return EntryOutcome(given_up=given_up, last=given_up and self.remaining(session_id, version) == 0)

    def remaining(self, session_id: str, version: SessionVersion) -> int:
        """Open entries. Raises `Superseded`."""
        with self._database.single() as connection:
            in_force(connection, session_id, version)
            return connection.scalar(HOW_MANY_OPEN, key_of(session_id, version)) or 0

    def entries(self, session_id: str, version: SessionVersion) -> list[EntryDetail]:
        """Every learning of this version, in order; empty when another is in force."""
        with self._database.single() as connection:
            return entry_details(connection, session_id, version)


def entry_details(connection: Connection, session_id: str, version: SessionVersion) -> list[EntryDetail]:
    columns = [getattr(Entry, name) for name in EntryDetail.__dataclass_fields__]
    query = select(*columns).where(of_version(session_id, version)).order_by(Entry.learning_id)
    rows = connection.execute(query).mappings()
    return [EntryDetail(**{**row, "state": EntryState(row["state"])}) for row in rows]


def _fail(reason: str, *, now: int, max_tries: int, pause: int) -> ReturningUpdate[Any]:
    """Keys of an open entry -> its state."""
    gives_up = Entry.tries + 1 >= max_tries
    waits = {doublings: now + (pause << doublings) for doublings in range(MOST_DOUBLINGS + 1)}
    retry_at = case(waits, value=Entry.tries, else_=waits[MOST_DOUBLINGS])
    change = update(Entry).where(Entry.state == EntryState.PENDING)
    return change.values(
        tries=Entry.tries + 1,
        reason=reason,
        started_at=None,
        sent_at=now,
        state=case((gives_up, EntryState.FAILED), else_=EntryState.PENDING),
        next_try_at=case((gives_up, None), else_=retry_at),
        ended_at=case((gives_up, now), else_=None),
    ).returning(Entry.state)


def _status(connection: Connection, session_id: str, version: SessionVersion, learning_id: str) -> EntryStatus:
    row = connection.execute(_STATUS, {**key_of(session_id, version), "of_learning": learning_id}).one_or_none()
    if row is None:
        in_force(connection, session_id, version)
        raise NotFound(f"session {session_id}: learning {learning_id} is not expected of it")
    return EntryStatus(state=EntryState(row.state), tries=row.tries, sends=row.sends, reason=row.reason)

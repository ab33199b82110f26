"""New attempts that a person asks for. They process the session again from the ledger's payload: they replace, they never add."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.database import Database
from worker.ledger.dead_letters import settle_sessions
from worker.ledger.schema import Entry, Payload, Session
from worker.ledger.sessions import SessionRef, begin_attempts, ref_of, version_of
from worker.ledger.states import EntryState, SessionState

#: sessions begun again in one transaction: others get their turn in between
_AT_ONCE = 500
_BY_HAND = "retried by hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedEntry:
    session_id: str
    version: SessionVersion
    learning_id: str
    tries: int
    reason: str
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedReason:
    """A reason for which learnings were given up in sessions."""

    reason: str
    entries: int
    sessions: int
    newest_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reopened:
    """New attempts to be enqueued; on a dry run the versions as they are."""

    sessions: list[SessionRef] = field(default_factory=list)
    #: left as they are: their payload is no longer kept
    pruned: list[str] = field(default_factory=list)


class Retries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find_failed_learnings(self, prefix: str, limit: int = 10) -> list[str]:
        """Ids that begin so, of learnings that failed in any session, in order."""
        query = select(Entry.learning_id).where(_failed(), Entry.learning_id.startswith(prefix, autoescape=True))
        with self._database.single() as connection:
            return list(connection.scalars(query.distinct().order_by(Entry.learning_id).limit(limit)))

    def failed_entries(
        self,
        *,
        limit: int = 1000,
        offset: int = 0,
        session_id: str | None = None,
        learning_id: str | None = None,
        reason: str | None = None,
    ) -> list[FailedEntry]:
        """Newest first; of this session, this learning, with exactly this reason."""
        query = (
            select(Entry.session_id, Session.timestamp, Entry.event_id, Entry.attempt)
            .add_columns(Entry.learning_id, Entry.tries, Entry.reason, Entry.ended_at)
            .join(Session, Session.session_id == Entry.session_id)
            .where(_failed(session_id, learning_id, reason))
        )
        query = query.order_by(Entry.ended_at.desc(), Entry.session_id, Entry.learning_id)
        with self._database.single() as connection:
            return [
                FailedEntry(
                    session_id=row.session_id,
                    version=version_of(row),
                    learning_id=row.learning_id,
                    tries=row.tries,
                    reason=row.reason,
                    at=row.ended_at or 0,
                )
                for row in connection.execute(query.limit(limit).offset(offset))
            ]

    def count_failed(
        self, *, session_id: str | None = None, learning_id: str | None = None, reason: str | None = None
    ) -> int:
        query = select(func.count()).select_from(Entry).where(_failed(session_id, learning_id, reason))
        with self._database.single() as connection:
            return connection.scalar(query) or 0

    def failed_reasons(self, *, limit: int = 100) -> list[FailedReason]:
        """The most frequent first."""
        sessions = func.count(Entry.session_id.distinct()).label("sessions")
        query = select(Entry.reason, func.count().label("entries"), sessions, func.max(Entry.ended_at).label("newest"))
        query = query.where(_failed()).group_by(Entry.reason).order_by(func.count().desc(), Entry.reason).limit(limit)
        with self._database.single() as connection:
            return [
                FailedReason(reason=row.reason, entries=row.entries, sessions=row.sessions, newest_at=row.newest or 0)
                for row in connection.execute(query)
            ]

    def retry(
        self,
        *,
        session_id: str | None = None,
        session_ids: Sequence[str] | None = None,
        learning_id: str | None = None,
        reason: str | None = None,
        everything: bool = False,
        dry_run: bool = False,
    ) -> Reopened:
        """A named session whatever its state; else sessions in which this learning failed, with this reason, or all that failed.

        `session_ids`: of these sessions, those in which something failed, and the dead ones. Raises `NotFound` for an unknown
        `session_id`, and where that session has no such failure.
        """
        is_narrow = learning_id is not None or reason is not None
        if session_ids is not None:
            chosen = _reopenable(None, learning_id, reason, with_dead=not is_narrow)
            return self._selected(chosen, session_ids, dry_run=dry_run)
        if session_id is not None and not is_narrow:
            return self._named(session_id, step=_BY_HAND, dry_run=dry_run)
        if not (is_narrow or everything):
            return Reopened()
        chosen = _reopenable(session_id, learning_id, reason, with_dead=not is_narrow)
        reopened = self._reopen(chosen, step=_BY_HAND, dry_run=dry_run)
        if session_id is not None and not (reopened.sessions or reopened.pruned):
            failure = f"learning {learning_id} has not failed in it" if learning_id else "nothing failed so in it"
            raise NotFound(f"session {session_id}: {failure}")
        return reopened

    def replay(self, *, since: int | None = None, session_id: str | None = None, dry_run: bool = False) -> Reopened:
        """One session, or all whose event was received at or after `since`. Raises `NotFound` for an unknown session."""
        if session_id is not None:
            return self._named(session_id, step="replayed", dry_run=dry_run)
        if since is None:
            return Reopened()
        return self._reopen(Session.received_at >= since, step="replayed", dry_run=dry_run)

    def _selected(self, chosen: ColumnElement[bool], session_ids: Sequence[str], *, dry_run: bool) -> Reopened:
        """Portion by portion: a database takes only so many arguments."""
        sessions, pruned = [], []
        for start in range(0, len(session_ids), _AT_ONCE):
            portion = Session.session_id.in_(session_ids[start : start + _AT_ONCE])
            found = self._reopen(and_(portion, chosen), step=_BY_HAND, dry_run=dry_run)
            sessions += found.sessions
            pruned += found.pruned
        return Reopened(sessions=sessions, pruned=pruned)

    def _named(self, session_id: str, *, step: str, dry_run: bool) -> Reopened:
        reopened = self._reopen(Session.session_id == session_id, step=step, dry_run=dry_run)
        if not (reopened.sessions or reopened.pruned):
            raise NotFound(f"session {session_id}: the ledger does not know it")
        return reopened

    def _reopen(self, chosen: ColumnElement[bool], *, step: str, dry_run: bool) -> Reopened:
        kept = exists().where(Payload.event_id == Session.event_id)
        columns = (Session.session_id, Session.timestamp, Session.event_id, Session.attempt)
        with self._database.single() as connection:
            order = Session.session_id
            found = [ref_of(row) for row in connection.execute(select(*columns).where(chosen, kept).order_by(order))]
            pruned = list(connection.scalars(select(order).where(chosen, ~kept).order_by(order)))
        if dry_run:
            return Reopened(sessions=found, pruned=pruned)
        begun: list[SessionRef] = []
        for start in range(0, len(found), _AT_ONCE):
            begun += self._begin(found[start : start + _AT_ONCE], step)
        return Reopened(sessions=begun, pruned=pruned)

    def _begin(self, refs: Sequence[SessionRef], step: str) -> list[SessionRef]:
        ids = [ref.session_id for ref in refs]
        with self._database.write(durable=True) as connection:
            settle_sessions(connection, ids)
            now = self._database.clock(connection)
            return begin_attempts(connection, Session.session_id.in_(ids), step=step, now=now)


def _reopenable(
    session_id: str | None, learning_id: str | None, reason: str | None, *, with_dead: bool
) -> ColumnElement[bool]:
    """A session with such a failure; `with_dead`: or one that gave up as a whole."""
    failed = exists().where(Entry.session_id == Session.session_id, _failed(session_id, learning_id, reason))
    return or_(failed, Session.state == SessionState.DEAD) if with_dead else failed


def _failed(
    session_id: str | None = None, learning_id: str | None = None, reason: str | None = None
) -> ColumnElement[bool]:
    wanted = {Entry.session_id: session_id, Entry.learning_id: learning_id, Entry.reason: reason}
    return and_(
        Entry.state == EntryState.FAILED, *(column == text for column, text in wanted.items() if text is not None)
    )

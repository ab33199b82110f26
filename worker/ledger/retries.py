"""New attempts that a person asks for. They process the session again from the ledger's payload: they replace, they never add."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, exists, or_, select

from worker.domain import SessionVersion
from worker.errors import NotFound
from worker.ledger.database import Database
from worker.ledger.dead_letters import settle_sessions
from worker.ledger.schema import Entry, Payload, Session
from worker.ledger.sessions import SessionRef, begin_attempts, ref_of, version_of
from worker.ledger.states import EntryState, SessionState

#: sessions begun again in one transaction: others get their turn in between
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedEntry:
    session_id: str
    version: SessionVersion
    learning_id: str
    tries: int
    reason: str
    at: int


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
        query = select(Entry.learning_id).where(
            _failed(None, None), Entry.learning_id.startswith(prefix, autoescape=True)
        )
        with self._database.single() as connection:
            return list(connection.scalars(query.distinct().order_by(Entry.learning_id).limit(limit)))

    def failed_entries(
        self, *, limit: int = 1000, session_id: str | None = None, learning_id: str | None = None
    ) -> list[FailedEntry]:
        """Newest first."""
        query = (
            select(Entry.session_id, Session.timestamp, Entry.event_id, Entry.attempt)
            .add_columns(Entry.learning_id, Entry.tries, Entry.reason, Entry.ended_at)
            .join(Session, Session.session_id == Entry.session_id)
            .where(_failed(session_id, learning_id))
        )
        query = query.order_by(Entry.ended_at.desc(), Entry.session_id, Entry.learning_id).limit(limit)
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
                for row in connection.execute(query)
            ]

    def retry(
        self,
        *,
        session_id: str | None = None,
        learning_id: str | None = None,
        everything: bool = False,
        dry_run: bool = False,
    ) -> Reopened:
        """A named session whatever its state, sessions in which a named learning failed (both: that one), or all that failed.

        Raises `NotFound` for an unknown session, and where the named session has no such failure.
        """
        if session_id is None and learning_id is None and not everything:
            return Reopened()
        if session_id is not None and learning_id is None:
            return self._named(session_id, step="retried by hand", dry_run=dry_run)
        chosen = exists().where(Entry.session_id == Session.session_id, _failed(session_id, learning_id))
        if learning_id is None:
            chosen = or_(chosen, Session.state == SessionState.DEAD)  # type: ignore[assignment]  # both are conditions
        reopened = self._reopen(chosen, step="retried by hand", dry_run=dry_run)
        if session_id is not None and not (reopened.sessions or reopened.pruned):
            raise NotFound(f"session {session_id}: learning {learning_id} has not failed in it")
        return reopened

    def replay(self, *, since: int | None = None, session_id: str | None = None, dry_run: bool = False) -> Reopened:
        """One session, or all whose event was received at or after `since`. Raises `NotFound` for an unknown session."""
        if session_id is not None:
            return self._named(session_id, step="replayed", dry_run=dry_run)
        if since is None:
            return Reopened()
        return self._reopen(Session.received_at >= since, step="replayed", dry_run=dry_run)

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


def _failed(session_id: str | None, learning_id: str | None) -> ColumnElement[bool]:
    condition = Entry.state == EntryState.FAILED
    if session_id is not None:
        condition = and_(condition, Entry.session_id == session_id)
    if learning_id is not None:
        condition = and_(condition, Entry.learning_id == learning_id)
    return condition

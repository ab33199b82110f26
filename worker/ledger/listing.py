"""Sessions as a list: where each stands, and what came of its learnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, select

from worker.ledger.database import Database
from worker.ledger.schema import Entry, Session
from worker.ledger.states import EntryState, SessionState


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLine:
    session_id: str
    state: SessionState
    attempt: int
    received_at: int
    #: learnings of the version in force, by their state
    done: int
    failed: int
    pending: int
    reason: str


class Listing:
    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(
        self,
        *,
        state: SessionState | None = None,
        since: int | None = None,
        beginning: str = "",
        among: Sequence[str] | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> list[SessionLine]:
        """By the receipt of their events; `since`: those received then or later; `beginning`: of their ids; `among`: these
        ids, a thousand at most; `offset`: after so many.
        """
        chosen = _chosen(_wanted(state, since, beginning, among), offset, limit)
        counts = [_number(entry_state).label(entry_state) for entry_state in EntryState]
        query = (
            select(chosen, *counts)
            .outerjoin(Entry, Entry.session_id == chosen.c.session_id)
            .group_by(*chosen.c)
            .order_by(chosen.c.received_at.desc(), chosen.c.session_id)
        )
        with self._database.single() as connection:
            return [_line(row) for row in connection.execute(query).mappings()]

    def neighbours(self, session_id: str) -> list[str]:
        """The ids of the sessions just before and after this one, in their order."""
        before = select(func.max(Session.session_id)).where(Session.session_id < session_id).scalar_subquery()
        after = select(func.min(Session.session_id)).where(Session.session_id > session_id).scalar_subquery()
        with self._database.single() as connection:
            return [id_ for id_ in connection.execute(select(before, after)).one() if id_ is not None]


def _wanted(
    state: SessionState | None, since: int | None, beginning: str, among: Sequence[str] | None
) -> list[ColumnElement[bool]]:
    wanted = []
    if state is not None:
        wanted.append(Session.state == state)
    if since is not None:
        wanted.append(Session.received_at >= since)
    if beginning:
        wanted.append(Session.session_id.startswith(beginning, autoescape=True))
    if among is not None:
        wanted.append(Session.session_id.in_(among))
    return wanted


def _chosen(wanted: Sequence[ColumnElement[bool]], offset: int, limit: int) -> Subquery:
    columns = (Session.session_id, Session.state, Session.attempt, Session.received_at, Session.reason)
    return (
        select(*columns)
        .where(and_(True, *wanted))
        .order_by(Session.received_at.desc(), Session.session_id)
        .limit(limit)
        .offset(offset)
        .subquery()
    )


def _number(state: EntryState) -> ColumnElement[int]:
    return func.count(Entry.learning_id).filter(Entry.state == state)


def _line(row: Any) -> SessionLine:
    return SessionLine(**dict(row) | {"state": SessionState(row["state"])})

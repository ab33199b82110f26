"""Sessions, newest first and by day: where each stands, how it ended, what it used."""

from itertools import groupby

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, part
from dashboard.pages.page import Page
from dashboard.words import day
from worker.ledger.listing import SessionLine
from worker.ledger.states import SessionState

A_PAGE = 30


class SessionsQuery(Query):
    state: SessionState | None = None
    #: the id's beginning
    q: str = Field(default="", max_length=255)
    offset: int = Field(default=0, ge=0, le=1_000_000)


def show(asked: Asked) -> Response:
    query = asked.query(SessionsQuery)
    lines = _lines(asked, query)
    counts = asked.sources.ledger.counts.count().sessions
    return asked.page(
        "sessions.html",
        query=query,
        days=[(name, list(group)) for name, group in groupby(lines[:A_PAGE], lambda line: day(line.received_at))],
        has_more=len(lines) > A_PAGE,
        summaries={one.session_id: one for one in asked.sources.store.summaries([line.session_id for line in lines])},
        states=list(SessionState),
        counts=counts,
        total=sum(counts.values()),
        a_page=A_PAGE,
        part=part,
        active="/sessions",
    )


def _lines(asked: Asked, query: SessionsQuery) -> list[SessionLine]:
    return asked.sources.ledger.listing.newest(
        state=query.state, beginning=query.q, offset=query.offset, limit=A_PAGE + 1
    )


PAGES = (Page("/sessions", show),)

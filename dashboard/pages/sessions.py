"""Sessions, newest first and by day: where each stands, how it ended, what it used."""

from collections.abc import Mapping
from itertools import groupby

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, part
from dashboard.pages.page import Page
from dashboard.words import day
from worker.ledger.listing import SessionLine
from worker.ledger.states import SessionState
from worker.operations.session_list import sessions_that_ended
from worker.store.shapes.sessions import Ending

A_PAGE = 30
#: to choose from, those with the most sessions
_PROJECTS = 200


class SessionsQuery(Query):
    state: SessionState | None = None
    #: the id's beginning
    q: str = Field(default="", max_length=255)
    #: how it ended, as its records have it
    outcome: Ending | None = None
    #: its path
    project: str = Field(default="", max_length=4000)
    offset: int = Field(default=0, ge=0, le=1_000_000)

    @property
    def is_about_records(self) -> bool:
        return bool(self.outcome or self.project)


def show(asked: Asked) -> Response:
    query = asked.query(SessionsQuery)
    lines = _lines(asked, query)
    facets = asked.sources.store.find_sessions(limit=1)
    counts = asked.sources.ledger.counts.count().sessions
    return asked.page(
        "sessions.html",
        query=query,
        days=[(name, list(group)) for name, group in groupby(lines[:A_PAGE], lambda line: day(line.received_at))],
        has_more=len(lines) > A_PAGE,
        summaries={one.session_id: one for one in asked.sources.store.summaries([line.session_id for line in lines])},
        states=list(SessionState),
        outcomes={ending: facets.outcomes[ending] for ending in Ending if ending in facets.outcomes},
        projects=_largest(facets.projects),
        counts=counts,
        total=sum(counts.values()),
        a_page=A_PAGE,
        part=part,
        active="/sessions",
    )


def _lines(asked: Asked, query: SessionsQuery) -> list[SessionLine]:
    if query.is_about_records:
        return sessions_that_ended(
            asked.sources.ledger,
            asked.sources.store,
            outcome=query.outcome,
            project=query.project,
            state=query.state,
            beginning=query.q,
            offset=query.offset,
            limit=A_PAGE + 1,
        )
    return asked.sources.ledger.listing.newest(
        state=query.state, beginning=query.q, offset=query.offset, limit=A_PAGE + 1
    )


def _largest(projects: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(projects.items(), key=lambda item: (-item[1], item[0]))[:_PROJECTS])


PAGES = (Page("/sessions", show),)

"""The leaderboard: what each learning is worth, filtered, sorted and page by page; and the same as CSV."""

import csv
import io
import math
from collections.abc import Iterator, Sequence

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, part
from dashboard.charts.scale import Scale
from dashboard.pages.page import Page
from dashboard.words import inert
from worker.domain import LearningCategory, LearningStatus, VerdictKind
from worker.store.shapes.learnings import LearningPage, LearningSort, ListedLearning

A_PAGE = 50
_MOST_IN_A_FILE = 100_000
#: what may come first, in a person's words
SORTS = {
    LearningSort.VALUE: "value",
    LearningSort.LOW: "surest gain",
    LearningSort.WORTH: "value for a token",
    LearningSort.VERDICT: "verdict",
    LearningSort.CONFIDENCE: "confidence",
    LearningSort.SESSIONS: "sessions",
    LearningSort.USED: "used most",
    LearningSort.NEEDED: "next verdict",
    LearningSort.TOKENS: "tokens",
    LearningSort.CHANGED: "newest",
    LearningSort.ID: "id",
}


class LearningsQuery(Query):
    #: words of the text, or a part of the id
    q: str = Field(default="", max_length=200)
    verdict: VerdictKind | None = None
    status: LearningStatus | None = None
    category: LearningCategory | None = None
    #: `Global`, a project's path or a user's id
    scope: str = Field(default="", max_length=4000)
    sort: LearningSort = LearningSort.VALUE
    #: the other way round
    reverse: bool = False
    #: learnings before the first one on the page
    offset: int = Field(default=0, ge=0, le=1_000_000)

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.verdict or self.status or self.category or self.scope)


def show(asked: Asked) -> Response:
    query = asked.query(LearningsQuery)
    page = _page(asked, query, limit=A_PAGE)
    return asked.page(
        "learnings.html",
        query=query,
        page=page,
        a_page=A_PAGE,
        scale=Scale.around(_ends(page.learnings), margin=asked.sources.settings.ablation.verdict_margin),
        verdicts=list(VerdictKind),
        sorts=SORTS,
        part=part,
        needed=_sessions_needed(asked),
        has_experiment=any(entry.value.sessions_without for entry in page.learnings),
        active="/learnings",
    )


def spreadsheet(asked: Asked) -> Response:
    query = asked.query(LearningsQuery)
    page = _page(asked, query, limit=_MOST_IN_A_FILE)
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_row(entry) for entry in page.learnings)
    headers = {"Content-Disposition": 'attachment; filename="learnings.csv"'}
    return Response(output.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _page(asked: Asked, query: LearningsQuery, *, limit: int) -> LearningPage:
    return asked.sources.store.learnings(
        sort=query.sort,
        reverse=query.reverse,
        scope=query.scope,
        status=query.status,
        verdict=query.verdict,
        category=query.category,
        text=query.q,
        offset=query.offset,
        limit=limit,
    )


def _ends(entries: Sequence[ListedLearning]) -> Iterator[float]:
    for entry in entries:
        if result := entry.value.experiment or entry.so_far:
            yield from (result.interval_low, result.interval_high)
        elif entry.observed:
            yield from (entry.observed.low, entry.observed.high)


def _sessions_needed(asked: Asked) -> int:
    """Until the first experiment is complete, at the rate that is set."""
    ablation = asked.sources.settings.ablation
    return math.ceil(ablation.min_sessions_per_arm / (ablation.rate_in_force or ablation.rate or 1))


_COLUMNS = (
    "learning_id",
    "text",
    "category",
    "verdict",
    "estimated_value",
    "confidence",
    "interval_low",
    "interval_high",
    "observed_value",
    "observed_low",
    "observed_high",
    "session_count",
    "sessions_with",
    "sessions_without",
    "activation_rate",
    "sessions_needed",
    "tokens",
    "status",
    "pinned",
)


def _row(entry: ListedLearning) -> list[object]:
    learning, value, experiment = entry.learning, entry.value, entry.value.experiment
    return [
        inert(learning.learning_id),
        inert(learning.insight or learning.description),
        learning.category,
        value.verdict.kind,
        value.estimated_value,
        value.confidence,
        experiment.interval_low if experiment else None,
        experiment.interval_high if experiment else None,
        value.temporal_value,
        entry.observed.low if entry.observed else None,
        entry.observed.high if entry.observed else None,
        value.session_count,
        value.sessions_with,
        value.sessions_without,
        value.activation_rate,
        value.verdict.sessions_needed,
        entry.tokens,
        value.status,
        value.pinned,
    ]


PAGES = (Page("/learnings", show), Page("/learnings.csv", spreadsheet))

"""Whether the experiments go well: sessions a day, coverage, trust checks, and when the next verdicts come."""

from collections.abc import Sequence

from starlette.responses import Response

from dashboard.asked import Asked, part
from dashboard.pages.page import Page
from dashboard.words import counted, day, short_day
from worker.store.api import StoreApi
from worker.store.shapes.experiments import Day, Stage
from worker.store.shapes.learnings import LearningSort
from worker.system.clock import DAY

_FORECASTS, _TEXTS = 12, 100


def show(asked: Asked) -> Response:
    store = asked.sources.store
    overview = store.overview()
    numbers = _every_day(overview.days)
    most = max(numbers, default=0)
    return asked.page(
        "experiment.html",
        overview=overview,
        stages=Stage,
        n_live=sum(number for stage, number in overview.coverage.items() if stage is not Stage.OUT),
        forecasts=[line for line in overview.forecasts if line.sessions_needed][:_FORECASTS],
        values=numbers,
        most=most,
        top=counted(most, "sessions"),
        first=short_day(overview.days[0].start) if overview.days else "",
        last=short_day(overview.days[-1].start) if overview.days else "",
        titles=[
            f"{day(overview.days[0].start + place * DAY)}: {counted(n, 'sessions')}" for place, n in enumerate(numbers)
        ],
        pace=sum(numbers[-14:]) / max(1, len(numbers[-14:])),
        texts=_texts(store),
        part=part,
        active="/experiment",
    )


def _texts(store: StoreApi) -> dict[str, str]:
    """Texts of the learnings whose verdict comes next; the page names others by their ids."""
    soonest = store.learnings(sort=LearningSort.NEEDED, limit=_TEXTS).learnings
    return {entry.learning.learning_id: entry.learning.insight for entry in soonest}


def _every_day(days: Sequence[Day]) -> list[int]:
    """Sessions of each day from the first to the last, those without any too."""
    if not days:
        return []
    sessions = {each.start: each.sessions for each in days}
    return [sessions.get(at, 0) for at in range(days[0].start, days[-1].start + 1, DAY)]


PAGES = (Page("/experiment", show),)

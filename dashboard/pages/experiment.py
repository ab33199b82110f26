"""Whether the experiments go well: sessions a day, coverage, trust checks, and when the next verdicts come."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from dashboard.asked import Asked, part
from dashboard.pages.page import Page
from dashboard.words import counted, day
from worker.domain import LearningStatus, VerdictKind
from worker.store.protocol import LearningHealth
from worker.store.shapes.learnings import ListedLearning
from worker.system.clock import DAY

_DAYS, _FORECASTS = 14, 12
_LIVE = (LearningStatus.ACTIVE, LearningStatus.EXPERIMENTAL)


class Forecast(NamedTuple):
    entry: ListedLearning
    needed: int
    #: at the pace of the last two weeks; None: there was no session
    days: float | None


def show(asked: Asked) -> Response:
    entries = asked.sources.store.learnings().learnings
    health = asked.sources.store.health()
    a_day = asked.sources.ledger.counts.received_a_day(days=_DAYS)
    live = [entry for entry in entries if entry.value.status in _LIVE]
    return asked.page(
        "experiment.html",
        n_live=len(live),
        n_decided=sum(entry.value.verdict.kind is not VerdictKind.UNDECIDED for entry in entries),
        n_complete=sum(entry.value.experiment is not None for entry in live),
        n_running=sum(entry.value.experiment is None and entry.value.sessions_without > 0 for entry in live),
        n_suspects=sum(_is_suspect(asked, entry) for entry in live),
        values=[number for _, number in a_day],
        most=max([number for _, number in a_day] or [1]),
        top=f"{max([number for _, number in a_day] or [0])} sessions",
        days=[day(at * DAY) for at, _ in a_day],
        titles=[f"{day(at * DAY)}: {counted(number, 'sessions')}" for at, number in a_day],
        pace=sum(number for _, number in a_day) / _DAYS,
        forecasts=_forecasts(asked, live),
        texts={entry.learning.learning_id: entry.learning.insight for entry in entries},
        mismatched=[one for one in health if one.experiment.has_sample_ratio_mismatch],
        contaminated=[one for one in health if one.experiment.contaminated_share],
        disagreeing=[one for one in health if one.experiment.mismatched_share],
        pairs=_pairs(health),
        tested=sum(one.experiment.sample_ratio_p is not None for one in health),
        part=part,
        active="/experiment",
    )


def _is_suspect(asked: Asked, entry: ListedLearning) -> bool:
    """Withheld more often than usual."""
    return entry.value.next_withhold_probability > asked.sources.settings.ablation.rate_in_force


def _forecasts(asked: Asked, live: Sequence[ListedLearning]) -> list[Forecast]:
    """The next verdicts first, at the pace of the last two weeks."""
    counts = asked.sources.ledger.counts
    pace = sum(number for _, number in counts.received_a_day(days=_DAYS)) / _DAYS
    total = max(1, sum(counts.count().sessions.values()))
    found = []
    for entry in live:
        needed = entry.value.verdict.sessions_needed
        if entry.value.verdict.kind is VerdictKind.UNDECIDED and needed:
            eligible_a_day = pace * min(1.0, entry.value.session_count / total)
            found.append(Forecast(entry, needed, needed / eligible_a_day if eligible_a_day else None))
    found.sort(key=lambda one: (one.days if one.days is not None else math.inf, one.needed))
    return found[:_FORECASTS]


def _pairs(health: Sequence[LearningHealth]) -> list[tuple[str, str, float]]:
    """Learnings that always travel together: (one, the other, share), each pair once."""
    found = {
        tuple(sorted((one.learning_id, other.learning_id))): other.share for one in health for other in one.companions
    }
    return [(pair[0], pair[1], share) for pair, share in sorted(found.items())]


PAGES = (Page("/experiment", show),)

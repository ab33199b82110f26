"""Is everything well? Findings with what to do, parts, queues, lag, work in flight; nothing is changed here."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from starlette.responses import Response

from dashboard.asked import Asked, part
from dashboard.pages.page import Page
from worker.errors import GrooveError
from worker.ledger import SessionLine, SessionState
from worker.operations.examining import examine, is_at_rest
from worker.operations.findings import Finding
from worker.operations.status import lags, living_parts, oldest_queued, queue_lengths

_IN_FLIGHT = 8


class Told(NamedTuple):
    """What a part answers, or why it does not."""

    answer: Any
    why_not: str


def show(asked: Asked) -> Response:
    settings, ledger = asked.sources.settings, asked.sources.ledger
    rests = is_at_rest(settings)
    findings = list(examine(settings, is_thorough=False))
    return asked.page(
        "operations.html",
        findings=sorted(findings, key=_urgency),
        n_bad=sum(not finding.is_well for finding in findings),
        parts=_told(lambda: living_parts(settings), rests=rests),
        queues=_told(lambda: queue_lengths(settings), rests=rests),
        oldest=_told(lambda: oldest_queued(settings), rests=rests),
        lags=_told(lambda: lags(settings, ledger), rests=rests and settings.event_log is None),
        counts=ledger.counts.count(),
        in_flight=_in_flight(asked),
        flower=settings.web.flower,
        part=part,
        active="/operations",
    )


def _urgency(finding: Finding) -> int:
    """What is wrong first, then notes."""
    return 0 if not finding.is_well else 1 if finding.is_note else 2


def _told(ask: Callable[[], Any], *, rests: bool) -> Told:
    """`rests`: it is not running, and nobody expects it to."""
    if rests:
        return Told(None, "not running: `groove up` starts it")
    try:
        return Told(ask(), "")
    except GrooveError as error:
        return Told(None, str(error))


def _in_flight(asked: Asked) -> Sequence[SessionLine]:
    newest = asked.sources.ledger.listing.newest
    states = (SessionState.ATTRIBUTING, SessionState.RECEIVED, SessionState.WAITING)
    return [line for state in states for line in newest(state=state, limit=_IN_FLIGHT)][:_IN_FLIGHT]


PAGES = (Page("/operations", show),)

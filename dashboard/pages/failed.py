"""What failed, by reason; tried again one by one, as selected, or all that match, after a dry run."""

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said, part
from dashboard.pages.page import Page
from dashboard.words import counted
from worker.operations.reopening import Reopening, retry

A_PAGE = 50


class FailedQuery(Query):
    #: exactly this one
    reason: str | None = Field(default=None, max_length=2000)
    learning: str | None = Field(default=None, max_length=255)
    session: str | None = Field(default=None, max_length=255)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class RetryForm(Query):
    #: "selected", or "filtered": all that match
    which: str = Field(default="selected", pattern="^(selected|filtered)$")
    chosen: tuple[str, ...] = Field(default=(), max_length=10_000)
    reason: str | None = Field(default=None, max_length=2000)
    learning: str | None = Field(default=None, max_length=255)
    session: str | None = Field(default=None, max_length=255)


def show(asked: Asked) -> Response:
    query, retries = asked.query(FailedQuery), asked.sources.ledger.retries
    chosen = {"session_id": query.session, "learning_id": query.learning, "reason": query.reason}
    return asked.page(
        "failed.html",
        query=query,
        entries=retries.failed_entries(**chosen, limit=A_PAGE, offset=query.offset),
        total=retries.count_failed(**chosen),
        reasons=retries.failed_reasons(),
        counts=asked.sources.ledger.counts.count(),
        a_page=A_PAGE,
        part=part,
        active="/operations",
    )


def ask(asked: Asked) -> Response:
    """The dry run: what would be done, and a button that does it."""
    form = asked.fields(RetryForm)
    would = _retry(asked, form, dry_run=True)
    return asked.page(
        "confirm.html",
        title="Try again?",
        lines=[f"session {id_}" for id_ in would.opened],
        left=[f"session {id_}: its event is no longer kept" for id_ in would.left],
        can="would be processed again; their results are replaced, nothing is counted twice",
        things="sessions",
        action="/operations/failed/retry",
        fields=[pair for pair in asked.form if pair[0] not in {"form_token", "back"}],
        button=f"Process {counted(len(would.opened), 'sessions')} again",
        back=dict(asked.form).get("back", "/operations/failed"),
        active="/operations",
    )


def again(asked: Asked) -> Response:
    done = _retry(asked, asked.fields(RetryForm), dry_run=False)
    return asked.go_back(_said(done))


def again_one(asked: Asked) -> Response:
    """A whole session, whatever its state."""
    session_id = asked.id_("session_id")
    done = retry(asked.sources.ledger, asked.sources.settings, session_id=session_id, dry_run=False)
    return asked.go_back(_said(done))


def _said(done: Reopening) -> Said:
    if not done.opened:
        return Said(text="Nothing could be processed again: the events are no longer kept.", is_bad=True)
    when = "." if done.enqueued else ", as soon as the stack runs."
    left = f" {counted(len(done.left), 'sessions')} had to be left: the event is no longer kept." if done.left else ""
    return Said(text=f"{counted(len(done.opened), 'sessions')} processed again{when}{left}", is_bad=bool(done.left))


def _retry(asked: Asked, form: RetryForm, *, dry_run: bool) -> Reopening:
    ledger, settings = asked.sources.ledger, asked.sources.settings
    if form.which == "selected":
        return retry(ledger, settings, session_ids=list(dict.fromkeys(form.chosen)), dry_run=dry_run)
    return retry(
        ledger,
        settings,
        session_ids=[form.session] if form.session else None,
        learning_id=form.learning,
        reason=form.reason,
        everything=True,
        dry_run=dry_run,
    )


PAGES = (
    Page("/operations/failed", show),
    Page("/operations/failed/ask", ask, "POST"),
    Page("/operations/failed/retry", again, "POST"),
    Page("/sessions/{session_id}/retry", again_one, "POST"),
)

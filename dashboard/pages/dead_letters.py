"""Messages and sessions that gave up, with their reasons and bytes; read again or dropped, after a dry run."""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Refused, Said
from dashboard.pages.page import Page
from dashboard.words import counted
from worker.ledger import DeadLetterKind, DeadLetterState
from worker.operations.dead_letters import retry_letters

A_PAGE, _SHOWN_BYTES, _AT_ONCE = 50, 20_000, 10_000


class LettersQuery(Query):
    state: DeadLetterState = DeadLetterState.OPEN
    kind: DeadLetterKind | None = None
    #: exactly this one
    reason: str | None = Field(default=None, max_length=2000)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class LettersForm(Query):
    #: "selected", or "filtered": all open ones that match
    which: str = Field(default="selected", pattern="^(selected|filtered)$")
    #: what is done with them
    what: str = Field(default="retry", pattern="^(retry|drop)$")
    chosen: tuple[int, ...] = Field(default=(), max_length=_AT_ONCE)
    kind: DeadLetterKind | None = None
    reason: str | None = Field(default=None, max_length=2000)


def show(asked: Asked) -> Response:
    query, letters = asked.query(LettersQuery), asked.sources.ledger.dead_letters
    return asked.page(
        "dead_letters.html",
        query=query,
        letters=letters.find(
            state=query.state, kind=query.kind, reason=query.reason, limit=A_PAGE, offset=query.offset
        ),
        total=letters.count(state=query.state, kind=query.kind, reason=query.reason),
        reasons=letters.reasons(state=query.state),
        states=list(DeadLetterState),
        kinds=list(DeadLetterKind),
        counts=asked.sources.ledger.counts.count(),
        a_page=A_PAGE,
        active="/operations",
    )


def show_one(asked: Asked) -> Response:
    letter = asked.sources.ledger.dead_letters.get(_number(asked))
    payload = letter.payload or b""
    may_see = asked.visitor is not None and asked.visitor.may_act and asked.sources.settings.web.transcripts == "shown"
    return asked.page(
        "dead_letter.html",
        letter=letter,
        text=payload[:_SHOWN_BYTES].decode("utf-8", "replace") if may_see else None,
        cut=max(0, len(payload) - _SHOWN_BYTES),
        counts=asked.sources.ledger.counts.count(),
        active="/operations",
    )


def ask(asked: Asked) -> Response:
    """The dry run: which can be read by now, and a button that reads them."""
    form = asked.fields(LettersForm)
    ids = _chosen(asked, form)
    if form.what == "drop":
        lines, left = [f"letter {id_}" for id_ in ids], []
    else:
        would = retry_letters(asked.sources.ledger, asked.sources.settings, ids, dry_run=True)
        lines = [f"letter {one.id}: {one.told()}" for one in would if one.taken_in]
        left = [f"letter {one.id}: {one.told()}" for one in would if not one.taken_in]
    verb, can = ("Drop", "would be given up for good") if form.what == "drop" else ("Read", "can be read by now")
    return asked.page(
        "confirm.html",
        title="Give them up?" if form.what == "drop" else "Read them again?",
        lines=lines,
        left=left,
        can=can,
        things="letters",
        action="/operations/dead-letters/do",
        fields=[pair for pair in asked.form if pair[0] not in {"form_token", "back"}],
        button=f"{verb} {counted(len(lines), 'letters')}{' again' if form.what == 'retry' else ''}",
        back=dict(asked.form).get("back", "/operations/dead-letters"),
        active="/operations",
    )


def do(asked: Asked) -> Response:
    form = asked.fields(LettersForm)
    ids = _chosen(asked, form)
    if form.what == "drop":
        for id_ in ids:
            asked.sources.ledger.dead_letters.drop(id_)
        return asked.go_back(Said(text=f"{counted(len(ids), 'letters')} dropped."))
    done = retry_letters(asked.sources.ledger, asked.sources.settings, ids)
    taken = sum(one.taken_in for one in done)
    left = len(done) - taken
    text = f"{counted(taken, 'letters')} read again." + (
        f" {counted(left, 'letters')} still cannot be read." if left else ""
    )
    return asked.go_back(Said(text=text, is_bad=bool(left)))


def _chosen(asked: Asked, form: LettersForm) -> Sequence[int]:
    if form.which == "selected":
        return tuple(dict.fromkeys(form.chosen))
    found = asked.sources.ledger.dead_letters.find(kind=form.kind, reason=form.reason, limit=_AT_ONCE)
    return [letter.id for letter in found]


def _number(asked: Asked) -> int:
    text = asked.id_("letter")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refused(HTTPStatus.NOT_FOUND, "there is no such letter")
    return int(text)


PAGES = (
    Page("/operations/dead-letters", show),
    Page("/operations/dead-letters/ask", ask, "POST"),
    Page("/operations/dead-letters/do", do, "POST"),
    Page("/operations/dead-letters/{letter}", show_one),
)

"""One session: what was said, with the uses highlighted; each learning's part in the sums; the event; where it stands."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Refused, part
from dashboard.pages.page import Page
from dashboard.transcript import Quote, ShownMessage, quotes_only, shown_messages
from worker.domain import AttributionRecord, Learning, Signal, Transcript
from worker.errors import NotFound
from worker.formats.heavy_event import read_heavy_event
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.opening import read_transcript
from worker.layers.aggregation.explain import Explanation
from worker.ledger import SessionDetail
from worker.ledger.loading import SessionWork
from worker.operations.assessment import kept_work

#: messages on a page, and characters of the event
_MESSAGES, _EVENT = 400, 60_000


class SessionQuery(Query):
    #: the learning whose uses stand out
    learning: str = Field(default="", max_length=255)
    #: the first message on the page
    first: int = Field(default=0, ge=0)


class Used(NamedTuple):
    """A learning that the session used, as the page numbers it."""

    number: int
    record: AttributionRecord
    explanation: Explanation
    insight: str


class Told(NamedTuple):
    """What the page shows of what was said."""

    messages: list[ShownMessage]
    #: of the whole transcript
    total: int
    #: why there is no more to see; empty: all is shown
    why_not: str


def show(asked: Asked) -> Response:
    session_id, query = asked.id_("session_id"), asked.query(SessionQuery)
    detail = _detail(asked, session_id)
    records = asked.sources.store.records(session_id)
    if detail is None and not records:
        raise NotFound(f"session {session_id}: nobody has heard of it")
    used = _used(asked, records)
    signals = max((record.signals for record in records), key=len, default=())
    work = kept_work(asked.sources.ledger, session_id) if detail else None
    told = _told(asked, work, used, signals)
    return asked.page(
        "session.html",
        session_id=session_id,
        query=query,
        detail=detail,
        records=records,
        used=used,
        chosen=next((one.number for one in used if one.record.learning_id == query.learning), None),
        signals=signals,
        told=told,
        strip_uses=[(point, one.insight[:60]) for one in used for point in one.record.activation_points],
        strip_signals=[(each.message_idx, each.is_positive, f"{each.kind} {each.detail}".strip()) for each in signals],
        shown=told.messages[query.first : query.first + _MESSAGES],
        a_page=_MESSAGES,
        total_attributed=sum(record.attributed_value for record in records),
        event=_event_text(work)[:_EVENT] if work and _may_see_all(asked) else "",
        part=part,
        active="/sessions",
    )


def event(asked: Asked) -> Response:
    """The event as it came, for whoever may see all of it."""
    if not _may_see_all(asked):
        raise Refused(
            HTTPStatus.FORBIDDEN, "what was said is not shown here (web.transcripts), or only to those who may act"
        )
    session_id = asked.id_("session_id")
    work = kept_work(asked.sources.ledger, session_id)
    if work is None:
        raise NotFound(f"session {session_id}: its event is no longer kept")
    headers = {"Content-Disposition": 'attachment; filename="event.json"'}
    return Response(work.payload, media_type="application/json", headers=headers)


def _detail(asked: Asked, session_id: str) -> SessionDetail | None:
    try:
        return asked.sources.ledger.history.session_detail(session_id)
    except NotFound:
        return None


def _used(asked: Asked, records: list[AttributionRecord]) -> list[Used]:
    """What moved most first."""
    found = [record for record in records if record.was_activated]
    found.sort(key=lambda record: (-abs(record.attributed_value), record.learning_id))
    return [
        Used(
            number=number,
            record=record,
            explanation=asked.sources.store.explain(record.learning_id, record.session_id),
            insight=_learning(asked, record.learning_id).insight,
        )
        for number, record in enumerate(found, 1)
    ]


def _learning(asked: Asked, learning_id: str) -> Learning:
    return asked.sources.store.show(learning_id, recent=0).learning


def _may_see_all(asked: Asked) -> bool:
    is_shown = asked.sources.settings.web.transcripts == "shown"
    return is_shown and asked.visitor is not None and asked.visitor.may_act


def _told(asked: Asked, work: SessionWork | None, used: list[Used], signals: tuple[Signal, ...]) -> Told:
    is_hidden = asked.sources.settings.web.transcripts == "hidden"
    quotes = [
        Quote(message_idx=signal.message_idx, span=signal.span, number=one.number)
        for one in used
        for signal in one.record.activation_signals
        if not is_hidden
    ]
    if not _may_see_all(asked):
        why = (
            "What was said is not shown here (web.transcripts)."
            if asked.visitor and asked.visitor.may_act
            else ("Who may only look sees the quotes that count as use.")
        )
        messages = quotes_only(quotes, signals)
        return Told(messages, len(messages), why)
    transcript = _transcript(work) if work else None
    if transcript is None:
        messages = quotes_only(quotes, signals)
        return Told(
            messages,
            len(messages),
            "The transcript is no longer kept, or never came; these are the quotes that count as use.",
        )
    messages = shown_messages(transcript, quotes, signals)
    return Told(messages, len(messages), "")


def _transcript(work: SessionWork) -> Transcript | None:
    found = read_heavy_event(work.payload, logged_at=work.logged_at).transcript
    if found is not None:
        return parse_transcript(found)
    return read_transcript(work.transcript) if work.transcript is not None else None


def _event_text(work: SessionWork) -> str:
    """The event without what was said, which stands above it."""
    document: dict[str, Any] = json.loads(work.payload)
    for holder in (document, document.get("context")):
        if isinstance(holder, dict) and "transcript" in holder:
            holder["transcript"] = "…"
    return json.dumps(document, indent=1, ensure_ascii=False)


PAGES = (Page("/sessions/{session_id}", show), Page("/sessions/{session_id}/event.json", event))

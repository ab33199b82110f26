"""What people decide about learnings; each decision is told on the next page, with a way to take it back."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said
from dashboard.pages.page import Page
from worker.domain import DecisionKind

_KINDS = {
    "disable": (DecisionKind.DISABLED, "is disabled: no session gets it"),
    "enable": (DecisionKind.ENABLED, "is enabled: a new epoch begins"),
    "pin": (DecisionKind.PINNED, "is pinned: no rule withdraws it"),
    "unpin": (DecisionKind.UNPINNED, "is unpinned"),
    "try": (DecisionKind.TRIED, "is on trial: it is withheld more often until its verdict"),
}


class DecideForm(Query):
    action: Literal["disable", "enable", "pin", "unpin", "try"]
    reason: str = Field(default="", max_length=2000)


def decide(asked: Asked) -> Response:
    id_, form = asked.id_("learning_id"), asked.fields(DecideForm)
    assert asked.visitor is not None
    kind, told = _KINDS[form.action]
    asked.sources.store.decide(id_, kind, actor=asked.visitor.name, reason=form.reason)
    return asked.go_back(Said(text=f"{id_} {told}."))


PAGES = (Page("/learnings/{learning_id}/decide", decide, "POST"),)

"""What people decide about learnings; each decision is told on the next page, with a way to take it back."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said, part
from dashboard.pages.page import Page
from worker.domain import DecisionKind
from worker.errors import CannotUndo

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


class UndoForm(Query):
    #: of the line in the learning's log
    number: int = Field(ge=1)


def decide(asked: Asked) -> Response:
    id_, form = asked.id_("learning_id"), asked.fields(DecideForm)
    kind, told = _KINDS[form.action]
    decision = asked.sources.store.decide(id_, kind, actor=asked.actor, reason=form.reason)
    undo = f"/learnings/{part(id_)}/undo"
    return asked.go_back(Said(text=f"{id_} {told}.", undo=undo, fields=[("number", str(decision.number))]))


def undo(asked: Asked) -> Response:
    id_, form = asked.id_("learning_id"), asked.fields(UndoForm)
    try:
        decision = asked.sources.store.undo(id_, number=form.number, actor=asked.actor)
    except CannotUndo as error:
        return asked.go_back(Said(text=f"{id_}: {error}.", is_bad=True))
    text = f"{id_}: taken back, it is in epoch {decision.epoch} with the evidence that counted before."
    again = f"/learnings/{part(id_)}/undo"
    return asked.go_back(Said(text=text, undo=again, fields=[("number", str(decision.number))], undo_text="Redo"))


PAGES = (Page("/learnings/{learning_id}/decide", decide, "POST"), Page("/learnings/{learning_id}/undo", undo, "POST"))

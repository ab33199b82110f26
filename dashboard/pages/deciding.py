"""What people decide about learnings; each decision is told on the next page, with a way to take it back."""

from typing import Literal

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said, part
from dashboard.pages.page import Page
from dashboard.words import counted
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


class DecideTogetherForm(DecideForm):
    chosen: tuple[str, ...] = Field(default=(), max_length=10_000)


class UndoTogetherForm(Query):
    batch: str = Field(max_length=64)


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


def decide_together(asked: Asked) -> Response:
    form = asked.fields(DecideTogetherForm)
    if not form.chosen:
        return asked.go_back(Said(text="Nothing was chosen.", is_bad=True))
    kind, _ = _KINDS[form.action]
    decisions = asked.sources.store.decide_together(form.chosen, kind, actor=asked.actor, reason=form.reason)
    batch = asked.parts.batches.keep([(decision.learning_id, decision.number) for decision in decisions])
    text = f"{counted(len(decisions), 'learnings')} {kind}."
    return asked.go_back(Said(text=text, undo="/learnings/undo", fields=[("batch", batch)]))


def undo_together(asked: Asked) -> Response:
    lines = asked.parts.batches.take(asked.fields(UndoTogetherForm).batch)
    if lines is None:
        text = "This was taken back already, or too long ago: each learning's page has its own undo."
        return asked.go_back(Said(text=text, is_bad=True))
    undone = asked.sources.store.undo_together(dict(lines), actor=asked.actor, reason="taken back together")
    done = f"{counted(len(undone.decisions), 'learnings')} as before, with their evidence."
    left = f" Something else was decided since about {', '.join(undone.refused)}." if undone.refused else ""
    return asked.go_back(Said(text=done + left, is_bad=bool(left)))


PAGES = (
    Page("/learnings/decide", decide_together, "POST"),
    Page("/learnings/undo", undo_together, "POST"),
    Page("/learnings/{learning_id}/decide", decide, "POST"),
    Page("/learnings/{learning_id}/undo", undo, "POST"),
)

"""What may go, and what it saves: chosen learnings are disabled together, and brought back together."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said, part
from dashboard.pages.page import Page
from dashboard.words import counted, number
from worker.domain import DecisionKind, LearningStatus, VerdictKind
from worker.errors import CannotUndo
from worker.store.shapes.learnings import LearningSort, ListedLearning

#: never used in so many sessions that had it
_UNUSED_SESSIONS, _UNUSED_SHARE = 30, 0.02
#: learnings that are looked at, of each verdict
_MOST = 500
_LIVE = (LearningStatus.ACTIVE, LearningStatus.EXPERIMENTAL)


class PruneForm(Query):
    chosen: tuple[str, ...] = Field(default=(), max_length=10_000)


class UndoForm(Query):
    batch: str = Field(max_length=64)


class Candidate(NamedTuple):
    entry: ListedLearning
    why: str
    tokens: int
    #: by its verdict; else only by how little it is used
    is_decided: bool


def show(asked: Asked) -> Response:
    statuses = asked.sources.store.learnings(limit=1).facets.status
    candidates = list(_candidates(_looked_at(asked)))
    return asked.page(
        "prune.html",
        candidates=candidates,
        n_live=sum(statuses.get(status, 0) for status in _LIVE),
        saved=sum(candidate.tokens for candidate in candidates if candidate.is_decided),
        part=part,
        active="/prune",
    )


def apply(asked: Asked) -> Response:
    form = asked.fields(PruneForm)
    whys = {one.entry.learning.learning_id: one for one in _candidates(_looked_at(asked))}
    done = [(id_, whys[id_]) for id_ in dict.fromkeys(form.chosen) if id_ in whys]
    if not done:
        return asked.go_to("/prune", Said(text="Nothing was chosen.", is_bad=True))
    lines = [
        (
            id_,
            asked.sources.store.decide(
                id_, DecisionKind.DISABLED, actor=asked.actor, reason=f"pruned: {one.why}"
            ).number,
        )
        for id_, one in done
    ]
    batch = asked.parts.batches.keep(lines)
    saved = sum(one.tokens for _, one in done)
    text = f"{counted(len(done), 'learnings')} disabled: about {number(saved)} tokens less in each session."
    return asked.go_to("/prune", Said(text=text, undo="/prune/undo", fields=[("batch", batch)]))


def undo(asked: Asked) -> Response:
    lines = asked.parts.batches.take(asked.fields(UndoForm).batch)
    if lines is None:
        text = "This was taken back already, or too long ago: each learning's page has its own undo."
        return asked.go_to("/prune", Said(text=text, is_bad=True))
    left = [id_ for id_, line in lines if not _taken_back(asked, id_, line)]
    done = f"{counted(len(lines) - len(left), 'learnings')} as before, with their evidence."
    text = f"{done} Something else was decided since about {', '.join(left)}." if left else done
    return asked.go_to("/prune", Said(text=text, is_bad=bool(left)))


def _taken_back(asked: Asked, learning_id: str, line: int) -> bool:
    try:
        asked.sources.store.undo(learning_id, number=line, actor=asked.actor, reason="the pruning is taken back")
    except CannotUndo:
        return False
    return True


def _looked_at(asked: Asked) -> Iterator[ListedLearning]:
    """Candidates: those with a verdict against them, and of the undecided the ones that most sessions had."""
    ask = asked.sources.store.learnings
    for verdict in (VerdictKind.REMOVE, VerdictKind.HARMFUL, VerdictKind.HARMLESS):
        yield from ask(verdict=verdict, limit=_MOST).learnings
    yield from ask(verdict=VerdictKind.UNDECIDED, sort=LearningSort.SESSIONS, limit=_MOST).learnings


def _candidates(entries: Iterable[ListedLearning]) -> Iterator[Candidate]:
    """What saves most first; harmful ones before all others."""
    found = [
        Candidate(entry, why, entry.tokens, is_decided)
        for entry in entries
        if entry.value.status in _LIVE and not entry.value.pinned
        for why, is_decided in _why(entry)
    ]
    found.sort(
        key=lambda one: (not one.is_decided, one.entry.value.verdict.kind is not VerdictKind.HARMFUL, -one.tokens)
    )
    yield from found


def _why(entry: ListedLearning) -> Iterator[tuple[str, bool]]:
    value = entry.value
    if value.verdict.kind in (VerdictKind.REMOVE, VerdictKind.HARMFUL):
        yield "it harms", True
    elif value.verdict.kind is VerdictKind.HARMLESS:
        yield "it makes no difference worth its tokens", True
    elif (
        value.verdict.kind is VerdictKind.UNDECIDED
        and value.session_count >= _UNUSED_SESSIONS
        and value.activation_rate <= _UNUSED_SHARE
    ):
        yield f"hardly ever used in {value.session_count} sessions; its effect is not decided", False


PAGES = (Page("/prune", show), Page("/prune/apply", apply, "POST"), Page("/prune/undo", undo, "POST"))

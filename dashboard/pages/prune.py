"""What may go, and what it saves: chosen learnings are disabled together, and brought back together."""

from typing import NamedTuple

from pydantic import Field
from starlette.responses import Response

from dashboard.asked import Asked, Query, Said, part
from dashboard.pages.page import Page
from dashboard.words import counted, number
from worker.domain import DecisionKind, LearningStatus, VerdictKind
from worker.layers.aggregation.leaving import Leaving, leaving
from worker.store.shapes.learnings import LearningPage, LearningSort, ListedLearning

#: learnings on the page, and in one pruning
_MOST = 300
_LIVE = (LearningStatus.ACTIVE, LearningStatus.EXPERIMENTAL)


class PruneForm(Query):
    chosen: tuple[str, ...] = Field(default=(), max_length=10_000)


class Candidate(NamedTuple):
    entry: ListedLearning
    why: str
    #: by its verdict; else only by how little it is used
    is_decided: bool

    @property
    def tokens(self) -> int:
        return self.entry.tokens


def show(asked: Asked) -> Response:
    page = _page(asked)
    candidates, statuses = _candidates(page), page.facets.status
    return asked.page(
        "prune.html",
        candidates=candidates,
        total=page.total,
        n_live=sum(statuses.get(status, 0) for status in _LIVE),
        deprecated=LearningStatus.DEPRECATED,
        n_withdrawn=statuses.get(LearningStatus.DEPRECATED, 0),
        saved=sum(candidate.tokens for candidate in candidates if candidate.is_decided),
        part=part,
        active="/prune",
    )


def apply(asked: Asked) -> Response:
    form = asked.fields(PruneForm)
    whys = {one.entry.learning.learning_id: one for one in _candidates(_page(asked))}
    done = [(id_, whys[id_]) for id_ in dict.fromkeys(form.chosen) if id_ in whys]
    if not done:
        return asked.go_to("/prune", Said(text="Nothing was chosen.", is_bad=True))
    decisions = asked.sources.store.decide_together(
        [id_ for id_, _ in done], DecisionKind.DISABLED, actor=asked.actor, reason="pruned"
    )
    lines = [(decision.learning_id, decision.number) for decision in decisions]
    batch = asked.parts.batches.keep(lines)
    saved = sum(one.tokens for _, one in done)
    text = f"{counted(len(done), 'learnings')} disabled: about {number(saved)} tokens less in each session."
    return asked.go_to("/prune", Said(text=text, undo="/learnings/undo", fields=[("batch", batch)]))


def _page(asked: Asked) -> LearningPage:
    return asked.sources.store.learnings(may_go=True, sort=LearningSort.VERDICT, limit=_MOST)


def _candidates(page: LearningPage) -> list[Candidate]:
    """What saves most first; harmful ones before all others."""
    found = [_candidate(entry, why) for entry in page.learnings if (why := leaving(entry.value))]
    is_harmful = VerdictKind.HARMFUL
    found.sort(key=lambda one: (not one.is_decided, one.entry.value.verdict.kind is not is_harmful, -one.tokens))
    return found


def _candidate(entry: ListedLearning, why: Leaving) -> Candidate:
    words = {
        Leaving.HARMS: "it harms",
        Leaving.NO_DIFFERENCE: "it makes no difference worth its tokens",
        Leaving.UNUSED: f"hardly ever used in {entry.value.session_count} sessions; its effect is not decided",
    }
    return Candidate(entry, words[why], is_decided=why is not Leaving.UNUSED)


PAGES = (Page("/prune", show), Page("/prune/apply", apply, "POST"))

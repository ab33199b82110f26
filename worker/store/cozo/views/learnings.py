"""A page of learnings: chosen and ordered by the latest values, which are at hand; what is on the page is computed as of now."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from worker.domain import ExperimentResult, Learning, LearningValue
from worker.formats.learning import about_tokens
from worker.layers.aggregation.leaving import leaving
from worker.layers.temporal.observation import observe
from worker.store.cozo.memory import Memory
from worker.store.cozo.totals import Totals
from worker.store.cozo.workspace import Workspace
from worker.store.ranking import ORDERS
from worker.store.shapes.learnings import Facets, Interval, LearningPage, LearningSort, LearningsWanted, ListedLearning
from worker.system.clock import DAY

#: standard normal quantile of a 95 % interval
_Z = 1.959963984540054


class Candidate(NamedTuple):
    learning: Learning
    value: LearningValue


def page(workspace: Workspace, wanted: LearningsWanted) -> LearningPage:
    with workspace.reading() as memory:
        snapshot = memory.snapshot()
    by_text = [
        Candidate(learning, workspace.valuer.latest(snapshot, learning_id))
        for learning_id, learning in snapshot.learnings.items()
        if _has_text(learning, wanted.text.casefold())
    ]
    chosen = sorted((one for one in by_text if _is_wanted(one, wanted)), key=lambda one: one.learning.learning_id)
    ordered = _ordered(chosen, wanted)[wanted.offset : wanted.offset + wanted.limit]
    now = [Candidate(one.learning, workspace.valuer.value(snapshot, one.learning.learning_id)) for one in ordered]
    return LearningPage(
        total=len(chosen),
        learnings=tuple(_listed(workspace, snapshot, one) for one in _ordered(now, wanted)),
        facets=_facets(by_text),
    )


def sessions_per_day(totals: Totals) -> float | None:
    """Randomised ones, between the first and the newest record, which are a day apart at least."""
    randomised = sum(count.records for count in totals.sums.arms.values())
    return randomised * DAY / max(DAY, totals.newest_at - totals.first_at) if randomised else None


def scope_of(learning: Learning) -> str:
    """`Global`, or whose it is."""
    return learning.scope if isinstance(learning.scope, str) else next(iter(learning.scope.values()), "")


def _ordered(candidates: Iterable[Candidate], wanted: LearningsWanted) -> list[Candidate]:
    return sorted(candidates, key=_KEYS[wanted.sort], reverse=wanted.reverse)


def _listed(workspace: Workspace, memory: Memory, one: Candidate) -> ListedLearning:
    totals = memory.totals_of(one.value.learning_id)
    return ListedLearning(
        learning=one.learning,
        value=one.value,
        tokens=about_tokens(one.learning.insight),
        changed_at=_changed_at(memory, one.value),
        so_far=None if one.value.experiment else _so_far(workspace, memory, totals),
        observed=_observed(workspace, memory, totals),
        sessions_per_day=sessions_per_day(totals),
    )


def _so_far(workspace: Workspace, memory: Memory, totals: Totals) -> ExperimentResult | None:
    return workspace.layers.ablation.compute_marginal_value(totals.sums, memory.fleet)


def _observed(workspace: Workspace, memory: Memory, totals: Totals) -> Interval | None:
    """statistics.md 5."""
    prior = workspace.parameters.aggregation.temporal_prior_sessions
    found = observe(totals.sums.temporal, memory.global_sums, prior_sessions=prior)
    if not found.standard_error:
        return None
    half = _Z * found.reliability * found.standard_error
    return Interval(low=found.value - half, high=found.value + half)


def _changed_at(memory: Memory, value: LearningValue) -> int:
    return max(value.updated_at, memory.histories[value.learning_id].standing.epoch_started_at)


def _has_text(learning: Learning, text: str) -> bool:
    return not text or any(
        text in field.casefold() for field in (learning.learning_id, learning.description, learning.insight)
    )


def _is_wanted(one: Candidate, wanted: LearningsWanted) -> bool:
    return (
        wanted.category in (None, one.learning.category)
        and wanted.scope in ("", scope_of(one.learning))
        and wanted.status in (None, one.value.status)
        and wanted.verdict in (None, one.value.verdict.kind)
        and not (wanted.may_go and leaving(one.value) is None)
    )


def _facets(candidates: list[Candidate]) -> Facets:
    return Facets(
        verdict=dict(Counter(one.value.verdict.kind for one in candidates)),
        status=dict(Counter(one.value.status for one in candidates)),
        category=dict(Counter(one.learning.category for one in candidates)),
        scope=dict(sorted(Counter(scope_of(one.learning) for one in candidates).items())),
    )


def _low(one: Candidate) -> float:
    """Whoever has no interval comes last."""
    return -one.value.experiment.interval_low if one.value.experiment else float("inf")


def _needed(one: Candidate) -> float:
    """What is settled, or has no forecast, comes last."""
    return one.value.verdict.sessions_needed or float("inf")


def _by_value(name: str) -> Callable[[Candidate], Any]:
    order = ORDERS[name]
    return lambda one: order(one.value)


_KEYS: dict[LearningSort, Callable[[Candidate], Any]] = {
    **{LearningSort(name): _by_value(name) for name in ORDERS},
    LearningSort.LOW: _low,
    LearningSort.USED: lambda one: -one.value.activation_rate,
    LearningSort.NEEDED: _needed,
    LearningSort.TOKENS: lambda one: -about_tokens(one.learning.insight),
    LearningSort.WORTH: lambda one: -one.value.estimated_value / about_tokens(one.learning.insight),
    LearningSort.CHANGED: lambda one: -one.value.updated_at,
    LearningSort.ID: lambda one: one.learning.learning_id,
}

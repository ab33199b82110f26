"""The public HTTP API, as a table: what people, dashboards, assessors and injectors may ask for and do.

The server routes by this table and `openapi.py` describes it, so neither can know something that the other does not.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from worker.domain import (
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningStatus,
    LearningValue,
    VerdictKind,
)
from worker.errors import NotFound
from worker.layers.aggregation.explain import Explanation
from worker.store.protocol import AssignmentAnswer, AttributionStore, LearningHealth
from worker.store.ranking import ranked

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_RECENT = 20


class Asked(BaseModel):
    """Query or body: what is not named here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class NoQuery(Asked):
    pass


class ValuesQuery(Asked):
    sort: Literal["value", "confidence", "sessions", "verdict"] = "value"
    limit: int = Field(default=100, ge=1, le=10_000)
    status: LearningStatus | None = None


class DecisionBody(Asked):
    #: who decides, for the learning's history
    actor: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "http"
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class AssignmentsBody(Asked):
    session_id: Identifier
    learning_ids: list[Identifier] = Field(max_length=2000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignments:
    session_id: str
    assignments: list[AssignmentAnswer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    version: str
    #: rows by relation
    counts: dict[str, int]
    learnings_by_status: dict[LearningStatus, int]
    learnings_by_verdict: dict[VerdictKind, int]
    #: over learnings with at least one record; null where there is none
    average_value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    learning: Learning
    value: LearningValue
    health: LearningHealth
    #: newest first
    recent: list[AttributionRecord]
    history: list[Decision]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    method: Literal["GET", "POST"]
    path: str
    summary: str
    result: TypeAdapter[Any]
    #: (store, path parameters, query or body) -> result
    handle: Callable[[AttributionStore, dict[str, str], Any], Any]
    query: type[Asked] = NoQuery
    body: type[Asked] | None = None
    is_write: bool = False
    is_long: bool = False
    #: statuses that it may answer with beside 200
    problems: tuple[int, ...] = field(default=(401, 422))


def _status(store: AttributionStore, _: dict[str, str], __: Asked) -> Status:
    values = store.list_learning_values()
    counted = [value.estimated_value for value in values if value.session_count]
    return Status(
        version=version("groove-attribution"),
        counts=store.counts(),
        learnings_by_status=dict(Counter(value.status for value in values)),
        learnings_by_verdict=dict(Counter(value.verdict.kind for value in values)),
        average_value=sum(counted) / len(counted) if counted else None,
    )


def _values(store: AttributionStore, _: dict[str, str], asked: ValuesQuery) -> list[LearningValue]:
    return ranked(store.list_learning_values(), sort=asked.sort, status=asked.status, limit=asked.limit)


def _show(store: AttributionStore, path: dict[str, str], _: Asked) -> Shown:
    learning_id = path["learning_id"]
    learning = store.get_learnings([learning_id]).get(learning_id)
    if learning is None:
        raise NotFound(f"no learning {learning_id}")
    return Shown(
        learning=learning,
        value=store.get_learning_value(learning_id),
        health=store.get_health(learning_id),
        recent=store.get_attributions_for_learning(learning_id, limit=_RECENT),
        history=store.get_decisions(learning_id),
    )


def _explain(store: AttributionStore, path: dict[str, str], _: Asked) -> Explanation:
    return store.explain(path["learning_id"], path["session_id"])


def _decide(kind: DecisionKind) -> Callable[[AttributionStore, dict[str, str], DecisionBody], Decision]:
    def handle(store: AttributionStore, path: dict[str, str], asked: DecisionBody) -> Decision:
        return store.decide(path["learning_id"], kind, actor=asked.actor, reason=asked.reason, now=_now())

    return handle


def _assign(store: AttributionStore, _: dict[str, str], asked: AssignmentsBody) -> Assignments:
    answers = store.assign(asked.session_id, asked.learning_ids, now=_now())
    return Assignments(session_id=asked.session_id, assignments=answers)


def _now() -> int:
    return time.time_ns() // 1000


_ACTIONS = {
    "enable": (DecisionKind.ENABLED, "Let it count again, from a new epoch on"),
    "disable": (DecisionKind.DISABLED, "Never inject it, until a person enables it"),
    "pin": (DecisionKind.PINNED, "Never deprecate it by rule"),
    "unpin": (DecisionKind.UNPINNED, "Let the rule apply to it again"),
    "try": (DecisionKind.TRIED, "Put it on trial: withhold it more often until its verdict"),
}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/attr/status",
        summary="How much there is, and how it stands",
        result=TypeAdapter(Status),
        handle=_status,
        is_long=True,
    ),
    Endpoint(
        method="GET",
        path="/attr/values",
        summary="What the learnings are worth, best first",
        result=TypeAdapter(list[LearningValue]),
        handle=_values,
        query=ValuesQuery,
        is_long=True,
    ),
    Endpoint(
        method="GET",
        path="/attr/show/{learning_id}",
        summary="All about one learning",
        result=TypeAdapter(Shown),
        handle=_show,
        is_long=True,
        problems=(401, 404, 422),
    ),
    Endpoint(
        method="GET",
        path="/attr/explain/{learning_id}/{session_id}",
        summary="Why one session says what it says about one learning",
        result=TypeAdapter(Explanation),
        handle=_explain,
        problems=(401, 404, 422),
    ),
    *(
        Endpoint(
            method="POST",
            path=f"/learnings/{{learning_id}}/{action}",
            summary=summary,
            result=TypeAdapter(Decision),
            handle=_decide(kind),
            body=DecisionBody,
            is_write=True,
            problems=(401, 403, 404, 413, 422),
        )
        for action, (kind, summary) in _ACTIONS.items()
    ),
    Endpoint(
        method="POST",
        path="/assignments",
        summary="Inject or withhold, for one session; asking again gives the same answer",
        result=TypeAdapter(Assignments),
        handle=_assign,
        body=AssignmentsBody,
        is_write=True,
        problems=(401, 403, 404, 413, 422),
    ),
)

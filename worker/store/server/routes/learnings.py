"""One learning: everything about it, its history, arms and sessions; import and decisions."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import AfterValidator, Field, StringConstraints

from worker.domain import AblationExperiment, AttributionRecord, Decision, DecisionKind, Learning
from worker.errors import InvalidEvent, NotFound
from worker.formats.learning import learning_to_wire, read_learning
from worker.formats.wire import check_moment
from worker.layers.aggregation.breakdown import GroupEffect
from worker.store.answers import Shown
from worker.store.protocol import AttributionStore
from worker.store.section_told import told_of
from worker.store.server.dependencies import (
    Asked,
    ForgetQuery,
    Identifier,
    MayRead,
    MayWrite,
    NoneAsked,
    PathId,
    Store,
    now,
)
from worker.store.server.problems import documented
from worker.store.shapes.changes import ForgottenFromStore, ImportReport, UndoneTogether

reading = APIRouter(dependencies=[MayRead], responses=documented(401, 403, 404, 422))
forgetting = APIRouter(dependencies=[MayWrite], responses=documented(401, 403, 404, 422))
writing = APIRouter(dependencies=[MayWrite, NoneAsked], responses=documented(400, 401, 403, 404, 413, 422))

_ACTIONS = {
    "enable": (DecisionKind.ENABLED, "Let it count again, from a new epoch on"),
    "disable": (DecisionKind.DISABLED, "Never inject it, until a person enables it"),
    "pin": (DecisionKind.PINNED, "Never deprecate it by rule"),
    "unpin": (DecisionKind.UNPINNED, "Let the rule apply to it again"),
    "try": (DecisionKind.TRIED, "Put it on trial: withhold it more often until its verdict"),
}

#: learnings that are decided about at once
_TOGETHER = 10_000

#: who decides, for the learning's history
Actor = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _usable(learning: Learning) -> Learning:
    """By the rules for files of learnings."""
    for moment in (learning.created_at, learning.updated_at):
        check_moment(moment)
    try:
        return read_learning(json.dumps(learning_to_wire(learning)).encode(), now=0)
    except (InvalidEvent, OverflowError, OSError) as error:
        raise ValueError(str(error)) from error


class ShowQuery(Asked):
    #: records of the newest sessions that come with it
    recent: int = Field(default=20, ge=0, le=1000)


class SessionsQuery(Asked):
    limit: int = Field(default=100, ge=1, le=1000)


class DecisionBody(Asked):
    actor: Actor = "http"
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class UndoBody(DecisionBody):
    #: of the line in its history; left out: the newest that a person wrote
    number: Annotated[int, Field(ge=1, le=2**53)] | None = None


class DecideTogetherBody(DecisionBody):
    action: Literal["enable", "disable", "pin", "unpin", "try"]
    learning_ids: list[Identifier] = Field(min_length=1, max_length=_TOGETHER)


class UndoTogetherBody(DecisionBody):
    #: learning -> the line of its history; null: the newest that a person wrote
    lines: dict[Identifier, Annotated[int, Field(ge=1, le=2**53)] | None] = Field(min_length=1, max_length=_TOGETHER)


class LearningsBody(Asked):
    actor: Actor = "http"
    learnings: list[Annotated[Learning, AfterValidator(_usable)]] = Field(max_length=2000)


@reading.get("/attr/show/{learning_id}", summary="All about one learning")
async def show(store: Store, learning_id: PathId, asked: Annotated[ShowQuery, Query()]) -> Shown:
    return await store.long(lambda of: _shown(of, learning_id, asked.recent))


@reading.get("/learnings/{learning_id}/history", dependencies=[NoneAsked], summary="Its decision log, oldest first")
async def history(store: Store, learning_id: PathId) -> list[Decision]:
    return await store.short(lambda of: of.get_decisions(learning_id))


@reading.get("/learnings/{learning_id}/experiment", dependencies=[NoneAsked], summary="Both arms, session by session")
async def experiment(store: Store, learning_id: PathId) -> AblationExperiment:
    return await store.long(lambda of: of.get_experiment(learning_id))


@reading.get(
    "/learnings/{learning_id}/groups",
    dependencies=[NoneAsked],
    summary="Its effect by group: where it helps, where it hurts",
)
async def groups(store: Store, learning_id: PathId) -> list[GroupEffect]:
    return await store.long(lambda of: list(of.get_breakdown(learning_id)))


@reading.get("/learnings/{learning_id}/sessions", summary="Its records, newest first")
async def sessions(
    store: Store, learning_id: PathId, asked: Annotated[SessionsQuery, Query()]
) -> list[AttributionRecord]:
    return await store.long(lambda of: of.get_attributions_for_learning(learning_id, limit=asked.limit))


@writing.post("/learnings/import", summary="Add or replace learnings by id; an edited one begins a new epoch")
async def import_learnings(store: Store, asked: LearningsBody) -> ImportReport:
    return await store.long(lambda of: of.import_learnings(asked.learnings, actor=asked.actor, now=now()))


@writing.post("/learnings/decide", summary="One decision about several learnings, about all of them or none")
async def decide_together(store: Store, asked: DecideTogetherBody) -> list[Decision]:
    kind = _ACTIONS[asked.action][0]
    return await store.long(
        lambda of: of.decide_together(asked.learning_ids, kind, actor=asked.actor, reason=asked.reason, now=now())
    )


@writing.post(
    "/learnings/undo", summary="Take back a decision about each of several learnings; what cannot be is named"
)
async def undo_together(store: Store, asked: UndoTogetherBody) -> UndoneTogether:
    return await store.long(lambda of: of.undo_together(asked.lines, actor=asked.actor, reason=asked.reason, now=now()))


@writing.post(
    "/learnings/{learning_id}/undo",
    responses=documented(409),
    summary="Take a decision back: what it changed, the epoch and the evidence are as before; asking again changes nothing",
)
async def undo(
    store: Store, learning_id: PathId, asked: Annotated[UndoBody, Body(default_factory=UndoBody)]
) -> Decision:
    return await store.short(
        lambda of: of.undo(learning_id, number=asked.number, actor=asked.actor, reason=asked.reason, now=now())
    )


@forgetting.delete("/learnings/{learning_id}", summary="Forget a learning, and all that was found out about it")
async def forget(store: Store, learning_id: PathId, asked: Annotated[ForgetQuery, Query()]) -> ForgottenFromStore:
    return await store.long(lambda of: of.forget_learning(learning_id, dry_run=asked.dry_run))


def _decide(kind: DecisionKind) -> Callable[..., Awaitable[Decision]]:
    async def decide(
        store: Store, learning_id: PathId, asked: Annotated[DecisionBody, Body(default_factory=DecisionBody)]
    ) -> Decision:
        return await store.short(
            lambda of: of.decide(learning_id, kind, actor=asked.actor, reason=asked.reason, now=now())
        )

    return decide


for _action, (_kind, _summary) in _ACTIONS.items():
    writing.add_api_route(
        f"/learnings/{{learning_id}}/{_action}",
        _decide(_kind),
        methods=["POST"],
        summary=_summary,
        name=_action,
        response_model=Decision,
    )


def _shown(store: AttributionStore, learning_id: str, recent: int) -> Shown:
    learning = store.get_learnings([learning_id]).get(learning_id)
    if learning is None:
        raise NotFound(f"no learning {learning_id}")
    section = next(iter(store.list_sections(of=learning_id)), None)
    return Shown(
        learning=learning,
        value=store.get_learning_value(learning_id),
        health=store.get_health(learning_id),
        recent=store.get_attributions_for_learning(learning_id, limit=recent) if recent else [],
        history=store.get_decisions(learning_id),
        groups=store.get_breakdown(learning_id),
        section=told_of(section, learning_id) if section else None,
    )

"""One session: assignments before it, records and explanations after it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from worker.domain import AttributionRecord
from worker.formats.wire import Identifier
from worker.layers.aggregation.explain import Explanation
from worker.store.answers import Assignments
from worker.store.protocol import ForgottenFromStore
from worker.store.server.dependencies import (
    Asked,
    ForgetQuery,
    MayRead,
    MayWrite,
    NoneAsked,
    PathId,
    Store,
    now,
)
from worker.store.server.problems import documented

router = APIRouter()


class AssignmentsBody(Asked):
    """By the rules for events: what is assigned here has to come back in one."""

    session_id: Identifier
    learning_ids: list[Identifier] = Field(max_length=2000)


@router.get(
    "/attr/explain/{learning_id}/{session_id}",
    dependencies=[MayRead, NoneAsked],
    responses=documented(401, 403, 404, 422),
    summary="Why one session says what it says about one learning",
)
async def explain(store: Store, learning_id: PathId, session_id: PathId) -> Explanation:
    return await store.short(lambda of: of.explain(learning_id, session_id))


@router.get(
    "/sessions/{session_id}/records",
    dependencies=[MayRead, NoneAsked],
    responses=documented(401, 403, 422),
    summary="What one session says about each of its learnings",
)
async def records(store: Store, session_id: PathId) -> list[AttributionRecord]:
    return await store.long(lambda of: of.get_attributions_for_session(session_id))


@router.delete(
    "/sessions/{session_id}",
    dependencies=[MayWrite],
    responses=documented(401, 403, 422),
    summary="Forget a session for good; nothing of it is stored again",
)
async def forget(store: Store, session_id: PathId, asked: Annotated[ForgetQuery, Query()]) -> ForgottenFromStore:
    return await store.long(lambda of: of.forget_session(session_id, dry_run=asked.dry_run))


@router.post(
    "/assignments",
    dependencies=[MayWrite, NoneAsked],
    responses=documented(400, 401, 403, 404, 413, 422),
    summary="Inject or withhold, for one session; asking again gives the same answer, or `excluded` since a person disabled it",
)
async def assignments(store: Store, asked: AssignmentsBody) -> Assignments:
    answers = await store.short(lambda of: of.assign(asked.session_id, asked.learning_ids, now=now()))
    return Assignments(session_id=asked.session_id, assignments=answers)

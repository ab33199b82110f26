"""One session after it: its records and explanations; and forgetting it."""

from typing import Annotated

from fastapi import APIRouter, Query

from worker.domain import AttributionRecord
from worker.layers.aggregation.explain import Explanation
from worker.store.server.dependencies import (
    ForgetQuery,
    MayRead,
    MayWrite,
    NoneAsked,
    PathId,
    Store,
)
from worker.store.server.problems import documented
from worker.store.shapes.changes import ForgottenFromStore

router = APIRouter()


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

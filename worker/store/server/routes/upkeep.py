"""Recomputing: sums and values, and what other settings would make of them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints

from worker.domain import SessionBackground
from worker.formats.levels import ALLOWED
from worker.settings.layers import LayerParameters
from worker.store.answers import Refreshed, ShadowChange
from worker.store.server.dependencies import Asked, Identifier, MayRead, MayWrite, NoneAsked, Store
from worker.store.server.problems import documented
from worker.store.shapes.upkeep import OutlookStatus, Reading, SumDifference

router = APIRouter(dependencies=[NoneAsked], responses=documented(400, 401, 403, 413, 422))
missing = APIRouter(responses=documented(401, 403, 422))


class RebuildBody(Asked):
    repair: bool = Field(default=False, strict=True)


class MissingQuery(Asked):
    limit: int = Field(default=1000, ge=1, le=10_000)


class BackgroundBody(Asked):
    #: `project=…` and so on
    levels: list[Annotated[str, StringConstraints(pattern=f"^({'|'.join(ALLOWED)})=", max_length=255)]] = Field(
        max_length=20
    )
    outcome: float | None = Field(default=None, ge=-1, le=1)
    sampling_probability: float = Field(default=1.0, gt=0, le=1)

    def told(self) -> SessionBackground:
        levels = tuple(sorted(set(self.levels)))
        return SessionBackground(levels=levels, outcome=self.outcome, sampling_probability=self.sampling_probability)


class BackgroundsBody(Asked):
    #: by session; null: nobody can tell
    backgrounds: dict[Identifier, BackgroundBody | None] = Field(max_length=10_000)


class ShadowBody(Asked):
    parameters: LayerParameters
    #: what layer 1 says of records under these parameters; a record without one keeps its own
    readings: list[Reading] = Field(default_factory=list)


@router.post(
    "/attr/rebuild", dependencies=[MayWrite], summary="Recompute the sums from the records; told, or repaired too"
)
async def rebuild(store: Store, asked: RebuildBody) -> list[SumDifference]:
    return await store.long(lambda of: of.rebuild(repair=asked.repair))


@router.post("/attr/refresh", dependencies=[MayWrite], summary="Bring every cached value up to date")
async def refresh(store: Store) -> Refreshed:
    return Refreshed(changed=await store.long(lambda of: of.refresh_values()))


@router.post("/attr/shadow", dependencies=[MayRead], summary="Values that other settings would change; writes nothing")
async def shadow(store: Store, asked: ShadowBody) -> list[ShadowChange]:
    pairs = await store.long(lambda of: of.what_if(asked.parameters, readings=asked.readings))
    return [ShadowChange(now=now, then=then) for now, then in pairs]


@router.get("/attr/outlook", dependencies=[MayRead], summary="How much of the outcomes was to be expected")
async def outlook(store: Store) -> OutlookStatus:
    return await store.long(lambda of: of.get_outlook())


@missing.get(
    "/attr/backgrounds/missing", dependencies=[MayRead], summary="Sessions of which nothing is known as a whole, by id"
)
async def without_background(store: Store, asked: Annotated[MissingQuery, Query()]) -> list[str]:
    return await store.long(lambda of: of.sessions_without_background(limit=asked.limit))


@router.post("/attr/backgrounds", dependencies=[MayWrite], summary="Tell what is known of sessions as a whole")
async def backgrounds(store: Store, asked: BackgroundsBody) -> Refreshed:
    given = {session_id: of.told() if of else None for session_id, of in asked.backgrounds.items()}
    return Refreshed(changed=await store.long(lambda of: of.take_backgrounds(given)))

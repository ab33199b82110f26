"""One learning and sessions for whoever looks: over time, both arms, records page by page, texts, sums of sessions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from worker.store.server.dependencies import Asked, Identifier, MayRead, NoneAsked, PathId, Store
from worker.store.server.problems import documented
from worker.store.shapes.learning import (
    Arms,
    OverTime,
    RecordPage,
    RecordSort,
    RecordsWanted,
    SessionSummary,
    TextOfEpochs,
)
from worker.store.shapes.sessions import Ending, SessionPage, SessionsWanted

of_learning = APIRouter(
    prefix="/learnings/{learning_id}", dependencies=[MayRead], responses=documented(401, 403, 404, 422)
)
finding = APIRouter(dependencies=[MayRead], responses=documented(401, 403, 422))
of_sessions = APIRouter(dependencies=[MayRead, NoneAsked], responses=documented(400, 401, 403, 413, 422))


class OverTimeQuery(Asked):
    #: stretches of time at most
    points: int = Field(default=60, ge=1, le=1000)
    #: left out: the present one
    epoch: Annotated[int, Field(ge=1, le=1_000_000)] | SkipJsonSchema[None] = None


class RecordsQuery(Asked):
    #: of this arm, randomised or not
    arm: Literal["with", "without"] | SkipJsonSchema[None] = None
    used: bool | SkipJsonSchema[None] = None
    randomised: bool | SkipJsonSchema[None] = None
    #: left out: every epoch
    epoch: Annotated[int, Field(ge=1, le=1_000_000)] | SkipJsonSchema[None] = None
    sort: RecordSort = RecordSort.NEWEST
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=100, ge=1, le=10_000)

    def wanted(self) -> RecordsWanted:
        return RecordsWanted(
            was_withheld=None if self.arm is None else self.arm == "without",
            was_used=self.used,
            is_randomised=self.randomised,
            epoch=self.epoch,
            sort=self.sort,
            offset=self.offset,
            limit=self.limit,
        )


class FindQuery(Asked):
    outcome: Ending | SkipJsonSchema[None] = None
    #: its path
    project: str = Field(default="", max_length=4000)
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=100, ge=1, le=10_000)

    def wanted(self) -> SessionsWanted:
        return SessionsWanted(outcome=self.outcome, project=self.project, offset=self.offset, limit=self.limit)


class SessionsBody(Asked):
    session_ids: list[Identifier] = Field(max_length=1000)


@of_learning.get("/over-time", summary="Its interval closing in, and its use, in stretches of equal time")
async def over_time(store: Store, learning_id: PathId, asked: Annotated[OverTimeQuery, Query()]) -> OverTime:
    return await store.long(lambda of: of.views.over_time(learning_id, points=asked.points, epoch=asked.epoch))


@of_learning.get("/arms", dependencies=[NoneAsked], summary="How the sessions with it, and those without it, ended")
async def arms(store: Store, learning_id: PathId) -> Arms:
    return await store.short(lambda of: of.views.arms(learning_id))


@of_learning.get("/records", summary="Its records without quotes and signals, a page of those that match")
async def records(store: Store, learning_id: PathId, asked: Annotated[RecordsQuery, Query()]) -> RecordPage:
    return await store.long(lambda of: of.views.records(learning_id, asked.wanted()))


@of_learning.get("/texts", dependencies=[NoneAsked], summary="Its texts, epoch by epoch, oldest first")
async def texts(store: Store, learning_id: PathId) -> list[TextOfEpochs]:
    return await store.short(lambda of: of.views.texts(learning_id))


@of_sessions.post(
    "/sessions/summaries", summary="What the records of each of these sessions say together; writes nothing"
)
async def summaries(store: Store, asked: SessionsBody) -> list[SessionSummary]:
    return await store.long(lambda of: of.views.sessions(asked.session_ids))


@finding.get("/sessions", summary="Sessions that have records, by outcome and project, the newest first")
async def find(store: Store, asked: Annotated[FindQuery, Query()]) -> SessionPage:
    return await store.long(lambda of: of.views.find_sessions(asked.wanted()))

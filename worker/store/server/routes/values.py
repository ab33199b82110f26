"""What the learnings are worth: lists, status, health of the experiments."""

from collections import Counter
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from worker.domain import AttributionRecord, Learning, LearningCategory, LearningStatus, LearningValue, VerdictKind
from worker.layers.aggregation.observed import Observed, observe
from worker.store.answers import LearningPage, ListedLearning, Status
from worker.store.protocol import AttributionStore, LearningHealth, Proof
from worker.store.ranking import ranked
from worker.store.server.dependencies import Asked, MayRead, NoneAsked, Store
from worker.store.server.problems import documented

#: of one learning, newest first: more than anybody has
_RECORDS = 1_000_000

router = APIRouter(dependencies=[MayRead], responses=documented(401, 403, 422))


class ValuesQuery(Asked):
    sort: Literal["value", "confidence", "sessions", "verdict"] = "value"
    status: LearningStatus | SkipJsonSchema[None] = None
    verdict: VerdictKind | SkipJsonSchema[None] = None
    offset: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=100, ge=1, le=10_000)


class LearningsQuery(ValuesQuery):
    category: LearningCategory | SkipJsonSchema[None] = None
    #: in id, description or insight, whatever the case
    text: str = Field(default="", max_length=200)
    limit: int = Field(default=100, ge=1, le=100_000)


class ProofQuery(Asked):
    #: some more may pass: what was begun is finished
    seconds: float = Field(default=0.5, ge=0, le=60)


class BeginningQuery(Asked):
    beginning: str = Field(default="", max_length=255)


@router.get("/attr/status", dependencies=[NoneAsked], summary="How much there is, and how it stands")
async def status(store: Store) -> Status:
    return await store.long(_status)


@router.get("/attr/values", summary="What the learnings are worth, best first")
async def values(store: Store, asked: Annotated[ValuesQuery, Query()]) -> list[LearningValue]:
    return await store.long(lambda of: _values(of, asked))


@router.get("/learnings", summary="The learnings with their values, a page of those that match")
async def learnings(store: Store, asked: Annotated[LearningsQuery, Query()]) -> LearningPage:
    return await store.long(lambda of: _page(of, asked))


@router.get("/learnings/ids", summary="Ids of learnings, in order; of those that begin so")
async def ids(store: Store, asked: Annotated[BeginningQuery, Query()]) -> list[str]:
    found = await store.long(lambda of: of.list_learnings())
    return [learning.learning_id for learning in found if learning.learning_id.startswith(asked.beginning)]


@router.get("/attr/experiments", dependencies=[NoneAsked], summary="Whether the experiments can be trusted")
async def experiments(store: Store) -> list[LearningHealth]:
    return await store.long(lambda of: of.list_health())


@router.get("/attr/proof", summary="Do the stored sums agree with the records? Of as many learnings as the time allows")
async def proof(store: Store, asked: Annotated[ProofQuery, Query()]) -> Proof:
    return await store.long(lambda of: of.prove(seconds=asked.seconds))


@router.get(
    "/attr/observed", dependencies=[NoneAsked], summary="What followed each learning's uses: counted, not randomised"
)
async def observed(store: Store) -> list[Observed]:
    return await store.long(_observed)


def _observed(store: AttributionStore) -> list[Observed]:
    """Of each learning that has sessions under its present text; those whose uses fail by name in most sessions come first."""
    values = [value for value in store.list_learning_values() if value.session_count]
    found = (observe(value.learning_id, _records(store, value)) for value in values)
    return sorted(found, key=lambda one: (-one.sessions_with_named_failures, -one.used, one.learning_id))


def _records(store: AttributionStore, value: LearningValue) -> list[AttributionRecord]:
    records = store.get_attributions_for_learning(value.learning_id, limit=_RECORDS)
    return [record for record in records if record.epoch in (None, value.epoch)]


def _status(store: AttributionStore) -> Status:
    values = store.judge_learnings()
    counted = [value.estimated_value for value in values if value.session_count]
    return Status(
        version=version("groove-attribution"),
        counts=store.counts(),
        learnings_by_status=dict(Counter(value.status for value in values)),
        learnings_by_verdict=dict(Counter(value.verdict.kind for value in values)),
        learnings_with_sessions=len(counted),
        average_value=sum(counted) / len(counted) if counted else None,
    )


def _ranked(store: AttributionStore, asked: ValuesQuery) -> list[str]:
    """Ids. What comes next for a learning costs most of a value's time: it is worked out for those on the page only."""
    found = ranked(store.judge_learnings(), sort=asked.sort, status=asked.status, verdict=asked.verdict)
    return [value.learning_id for value in found]


def _values(store: AttributionStore, asked: ValuesQuery) -> list[LearningValue]:
    return list(store.get_learning_values(_ranked(store, asked)[asked.offset : asked.offset + asked.limit]).values())


def _page(store: AttributionStore, asked: LearningsQuery) -> LearningPage:
    learnings = {learning.learning_id: learning for learning in store.list_learnings()}
    # imported between two questions: on the page the next time
    matching = [id_ for id_ in _ranked(store, asked) if id_ in learnings and _matches(learnings[id_], asked)]
    values = store.get_learning_values(matching[asked.offset : asked.offset + asked.limit])
    page = tuple(ListedLearning(learning=learnings[id_], value=value) for id_, value in values.items())
    return LearningPage(total=len(matching), learnings=page)


def _matches(learning: Learning, asked: LearningsQuery) -> bool:
    if asked.category not in (None, learning.category):
        return False
    text = asked.text.casefold()
    return not text or any(
        text in field.casefold() for field in (learning.learning_id, learning.description, learning.insight)
    )

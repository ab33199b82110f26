"""What the learnings are worth: lists, status, health of the experiments."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from worker.domain import AttributionRecord, Learning, LearningCategory, LearningStatus, LearningValue, VerdictKind
from worker.layers.aggregation.observed import Observed, observe
from worker.store.answers import Revision, Status
from worker.store.protocol import AttributionStore
from worker.store.ranking import ranked
from worker.store.server.dependencies import Asked, MayRead, NoneAsked, Store
from worker.store.server.problems import documented
from worker.store.shapes.experiments import ExperimentOverview
from worker.store.shapes.health import LearningHealth
from worker.store.shapes.learnings import LearningPage, LearningSort, LearningsWanted
from worker.store.shapes.upkeep import Proof

#: learnings whose records are held at once
_PORTION = 100

router = APIRouter(dependencies=[MayRead], responses=documented(401, 403, 422))


class ValuesQuery(Asked):
    sort: Literal["value", "confidence", "sessions", "verdict"] = "value"
    status: LearningStatus | SkipJsonSchema[None] = None
    verdict: VerdictKind | SkipJsonSchema[None] = None
    offset: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=100, ge=1, le=10_000)


class LearningsQuery(Asked):
    #: in id, description or insight, whatever the case
    text: str = Field(default="", max_length=200)
    category: LearningCategory | SkipJsonSchema[None] = None
    #: `Global`, a project's path or a user's id
    scope: str = Field(default="", max_length=4000)
    status: LearningStatus | SkipJsonSchema[None] = None
    verdict: VerdictKind | SkipJsonSchema[None] = None
    #: only those that may go, by their verdict or because they are hardly used
    may_go: bool = False
    sort: LearningSort = LearningSort.VALUE
    reverse: bool = False
    offset: int = Field(default=0, ge=0, le=1_000_000)
    limit: int = Field(default=100, ge=1, le=100_000)

    def wanted(self) -> LearningsWanted:
        return LearningsWanted(**{name: getattr(self, name) for name in type(self).model_fields})


class OverviewQuery(Asked):
    #: learnings in each list
    limit: int = Field(default=50, ge=1, le=1000)


class ProofQuery(Asked):
    #: some more may pass: what was begun is finished
    seconds: float = Field(default=0.5, ge=0, le=60)


class BeginningQuery(Asked):
    beginning: str = Field(default="", max_length=255)


@router.get("/attr/status", dependencies=[NoneAsked], summary="How much there is, and how it stands")
async def status(store: Store) -> Status:
    return await store.long(_status)


@router.get(
    "/revision", dependencies=[NoneAsked], summary="Changes with everything that is written: for whoever waits for news"
)
async def revision(store: Store) -> Revision:
    return await store.short(lambda of: Revision(revision=of.views.revision()))


@router.get(
    "/attr/overview", summary="All experiments: coverage, sample ratios, contamination, whose verdict comes next"
)
async def overview(store: Store, asked: Annotated[OverviewQuery, Query()]) -> ExperimentOverview:
    return await store.long(lambda of: of.views.experiments(limit=asked.limit))


@router.get("/attr/values", summary="What the learnings are worth, best first")
async def values(store: Store, asked: Annotated[ValuesQuery, Query()]) -> list[LearningValue]:
    found = await store.long(lambda of: of.list_learning_values())
    chosen = ranked(found, sort=asked.sort, status=asked.status, verdict=asked.verdict)
    return chosen[asked.offset : asked.offset + asked.limit]


@router.get("/learnings", summary="The learnings with their values, a page of those that match")
async def learnings(store: Store, asked: Annotated[LearningsQuery, Query()]) -> LearningPage:
    return await store.long(lambda of: of.views.learnings(asked.wanted()))


@router.get("/learnings/ids", summary="Ids of learnings, in order; of those that begin so")
async def ids(store: Store, asked: Annotated[BeginningQuery, Query()]) -> list[str]:
    found = await store.long(lambda of: of.list_learnings())
    return [learning.learning_id for learning in found if learning.learning_id.startswith(asked.beginning)]


@router.get(
    "/learnings/plain", dependencies=[NoneAsked], summary="Every learning without its value, in the order of ids"
)
async def plain(store: Store) -> list[Learning]:
    return await store.long(lambda of: of.list_learnings())


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
    return await store.long(what_followed)


def what_followed(store: AttributionStore) -> list[Observed]:
    """What followed each learning's uses; those whose uses fail by name in most sessions come first.

    Of learnings that have sessions under their present text.
    """
    epochs = [(value.learning_id, value.epoch) for value in store.views.latest_values() if value.session_count]
    portions = (epochs[start : start + _PORTION] for start in range(0, len(epochs), _PORTION))
    found = [one for portion in portions for one in _observed_of(store, portion)]
    return sorted(found, key=lambda one: (-one.sessions_with_named_failures, -one.used, one.learning_id))


def _observed_of(store: AttributionStore, epochs: Sequence[tuple[str, int]]) -> Iterator[Observed]:
    records: dict[str, list[AttributionRecord]] = defaultdict(list)
    for record in store.get_attributions_for_epochs(epochs):
        records[record.learning_id].append(record)
    return (observe(learning_id, records[learning_id]) for learning_id, _ in epochs)


def _status(store: AttributionStore) -> Status:
    values = store.views.latest_values()
    counted = [value.estimated_value for value in values if value.session_count]
    return Status(
        version=version("groove-attribution"),
        counts=store.counts(),
        learnings_by_status=dict(Counter(value.status for value in values)),
        learnings_by_verdict=dict(Counter(value.verdict.kind for value in values)),
        learnings_with_sessions=len(counted),
        average_value=sum(counted) / len(counted) if counted else None,
    )

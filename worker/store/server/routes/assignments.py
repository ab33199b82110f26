"""Who gets which learning: decided here, or elsewhere by a policy that was given out; and what is drawn together."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BeforeValidator, Discriminator, Field, Tag

from worker.formats.wire import Identifier as EventId
from worker.store.answers import Assignments, Grouped, TakenDecisions
from worker.store.server.dependencies import Asked, Identifier, MayRead, MayWrite, NoneAsked, Store, now
from worker.store.server.problems import documented
from worker.store.server.routes.learnings import Actor
from worker.store.shapes.assignments import LAST_MOMENT, MadeDecision, PublishedPolicy
from worker.store.shapes.sections import Section

router = APIRouter(dependencies=[NoneAsked])

_WRITES: dict[str, Any] = {"dependencies": [MayWrite], "responses": documented(400, 401, 403, 404, 413, 422)}


def _number(value: object) -> object:
    """The number as JSON has it: 5.0 is a whole number, a text or a truth is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError("a number is needed")


class AssignmentsBody(Asked):
    """A question: what does this session get? Ids are those of events, which have to name them again."""

    session_id: EventId
    learning_ids: list[EventId] = Field(max_length=2000)
    #: the first session of the conversation, where this one goes on from another; empty: itself
    conversation_id: Annotated[str, Field(max_length=255)] = ""


class MadeDecisionBody(Asked):
    session_id: EventId
    learning_id: EventId
    decision: Literal["inject", "withhold", "excluded"]
    withhold_probability: Annotated[float, BeforeValidator(_number)] = Field(ge=0, le=1)
    policy_version: Identifier
    decided_at: Annotated[int, BeforeValidator(_number)] = Field(ge=0, le=LAST_MOMENT)
    conversation_id: Annotated[str, Field(max_length=255)] = ""


class DecisionsBody(Asked):
    """Decisions already made, by a policy that was given out."""

    decisions: list[MadeDecisionBody] = Field(max_length=10_000)


class PolicyBody(Asked):
    learning_ids: list[Identifier] = Field(max_length=10_000)


class SectionsBody(Asked):
    actor: Actor = "http"
    #: learning -> the section that it is drawn with from now on; null: by itself
    drawn_with: dict[Identifier, Identifier | None] = Field(max_length=10_000)


def _form(body: Any) -> str:
    has_decisions = "decisions" in body if isinstance(body, dict) else isinstance(body, DecisionsBody)
    return "made" if has_decisions else "asked"


_EitherForm = Annotated[
    Annotated[AssignmentsBody, Tag("asked")] | Annotated[DecisionsBody, Tag("made")], Discriminator(_form), Body()
]


@router.post(
    "/assignments",
    **_WRITES,
    summary="Inject or withhold, for one session; asking again gives the same answer, or `excluded` since a person disabled it. "
    "With `decisions`: take those that were made elsewhere",
)
async def assignments(store: Store, asked: _EitherForm) -> Assignments | TakenDecisions:
    if isinstance(asked, AssignmentsBody):
        session_id, learning_ids, conversation_id = asked.session_id, asked.learning_ids, asked.conversation_id
        answers = await store.short(
            lambda of: of.assign(session_id, learning_ids, conversation_id=conversation_id, now=now())
        )
        return Assignments(session_id=session_id, assignments=answers)
    made = [MadeDecision(**decision.model_dump()) for decision in asked.decisions]
    return TakenDecisions(decisions=await store.long(lambda of: of.take_decisions(made, now=now())))


@router.post(
    "/assignments/policy", **_WRITES, summary="What to decide by elsewhere; its version stays known, whatever changes"
)
async def policy(store: Store, asked: PolicyBody) -> PublishedPolicy:
    return await store.long(lambda of: of.publish_policy(asked.learning_ids, now=now()))


@router.get(
    "/attr/sections",
    dependencies=[MayRead],
    responses=documented(401, 403, 422),
    summary="Learnings that are drawn together: their common value and verdict, and each one's own value",
)
async def sections(store: Store) -> list[Section]:
    return await store.long(lambda of: of.list_sections())


@router.post("/learnings/sections", **_WRITES, summary="Draw learnings together with a section, or by themselves again")
async def group(store: Store, asked: SectionsBody) -> Grouped:
    changed = await store.long(lambda of: of.draw_together(asked.drawn_with, actor=asked.actor, now=now()))
    return Grouped(changed=changed)

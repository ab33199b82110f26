"""How a learning is written down: groove's own form, or flat; read from files, written by `groove learnings export`."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from worker.domain import Learning, LearningCategory
from worker.errors import InvalidEvent
from worker.formats.wire import Identifier, Incoming, Share, Timestamp, format_timestamp, read_json_object, validated

#: characters in a token, roughly, of English prose and code
_TOKEN = 4
#: characters; the model reads the first few hundred
_MAX_TEXT = 20_000


def _category(value: object) -> object:
    """`code_pattern` is as good as `CodePattern`."""
    if isinstance(value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", value):
        return "".join(part.capitalize() for part in value.split("_"))
    return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


Text = Annotated[str, Field(max_length=_MAX_TEXT)]


class _Content(Incoming):
    description: Text = ""
    pattern: Text | None = None
    insight: Annotated[Text, AfterValidator(_not_blank)]


class _Learning(Incoming):
    id: Identifier
    category: Annotated[LearningCategory, BeforeValidator(_category)]
    content: _Content
    scope: str | dict[str, str] = "Global"
    confidence: Share = 1.0
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    source: dict[str, Any] = Field(default_factory=dict)


def read_learning(text: bytes, *, now: int) -> Learning:
    """One JSON object in either form; `now` (microseconds) stands in for a missing `created_at`. Raises `InvalidEvent`."""
    document = {key: value for key, value in read_json_object(text).items() if value is not None}
    if "content" not in document:
        document["content"] = {key: document[key] for key in ("description", "insight", "pattern") if key in document}
    if "learning_id" in document:
        document.setdefault("id", document["learning_id"])
    if not isinstance(document.get("source", {}), dict):
        document["source"] = {"name": str(document["source"])}
    if "id" not in document:
        raise InvalidEvent("id: a learning has an `id` or a `learning_id`")
    read = validated(_Learning, document)
    created_at = read.created_at if read.created_at is not None else now
    return Learning(
        learning_id=read.id,
        category=read.category,
        description=read.content.description,
        insight=read.content.insight,
        pattern=read.content.pattern,
        scope=read.scope,
        confidence=read.confidence,
        created_at=created_at,
        updated_at=read.updated_at if read.updated_at is not None else created_at,
        source=read.source,
    )


def learning_to_wire(learning: Learning) -> dict[str, Any]:
    """Groove's own form, which `read_learning` reads back to the same learning."""
    return {
        "id": learning.learning_id,
        "scope": learning.scope,
        "category": str(learning.category),
        "content": {
            "description": learning.description,
            "pattern": learning.pattern,
            "insight": learning.insight,
        },
        "confidence": learning.confidence,
        "created_at": format_timestamp(learning.created_at),
        "updated_at": format_timestamp(learning.updated_at),
        "source": learning.source,
    }


def about_tokens(text: str) -> int:
    """Tokens that a text takes in a context, about, and at least one: no tokenizer is asked, models differ in theirs."""
    return max(1, -(-len(text) // _TOKEN))

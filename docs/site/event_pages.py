"""What comes in and what goes out over the event log, from the models that read and write it."""

from typing import Any

from pydantic import BaseModel

from worker.formats.heavy_event import HeavyEvent
from worker.formats.lightweight_event import LightweightEvent

_HEAD = """# Events

Made from the models that read them. One JSON object per message; unknown fields are kept in the payload and not looked at.
How to publish them: [programs of your own](../own-programs.md#after-a-session-publish-a-heavy-event).
"""
_TOPICS = """## What is published

`groove.attribution/sessions` carries one message per finished attempt; its parts are the objects *AttributionRecord*, *LearningValue* and
*Decision* of the [HTTP API](http-api.md#objects).
"""


def events() -> str:
    """The page, in Markdown."""
    heavy = _section("Heavy event: one finished session", "`groove.assessment/heavy`", HeavyEvent)
    light = _section("Lightweight event: signals of one message", "`groove.assessment/lightweight`", LightweightEvent)
    return f"{_HEAD}\n{heavy}\n{light}\n{_TOPICS}"


def _section(title: str, topic: str, model: type[BaseModel]) -> str:
    rows = [
        f"| `{name}` | {'yes' if field.is_required() else 'no'} | `{_name(field.annotation)}` | {field.description or ''} |"
        for name, field in model.model_fields.items()
    ]
    head = f"## {title}\n\nTopic {topic}.\n\n| field | required | type | meaning |\n|---|---|---|---|"
    return "\n".join([head, *rows, ""])


def _name(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return text.replace("typing.", "").replace("worker.formats.lightweight_event.", "").replace("|", "\\|")

"""Where and how a session ran, as far as its event tells: whichever producer wrote it, and never a reason to refuse it."""

from typing import Any

from worker.domain import Circumstances
from worker.formats.wire import read_json_object

#: characters of each
_MOST = 255


def read_circumstances(payload: bytes) -> Circumstances:
    """The circumstances that a readable heavy event tells. What it does not tell is empty."""
    document = read_json_object(payload)
    context = document.get("context")
    told = context if isinstance(context, dict) else document
    return Circumstances(
        project=_first(told.get("project"), told.get("project_id"), _within(told.get("injection_scope"), "Project")),
        harness=_first(told.get("harness"), _within(told.get("harness_type"), "Other"), told.get("harness_type")),
        model=_first(told.get("model")),
        user=_first(told.get("user_id"), _within(told.get("injection_scope"), "User")),
    )


def _within(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(*values: Any) -> str:
    """The first that says something, on one line."""
    texts = (" ".join(value.split()) for value in values if isinstance(value, str))
    return next((text[:_MOST] for text in texts if text and text.isprintable()), "")

"""Which sessions a message tells of, whichever topic it stands in and whether it can be read as an event or not."""

import json
from collections.abc import Set as AbstractSet
from typing import Any

from worker.errors import InvalidEvent
from worker.formats.wire import read_json_object


def tells_of(payload: bytes, session_ids: AbstractSet[str]) -> bool:
    """A message is of the session that it names as its own. One that names none is of those whose id stands in it in quotes."""
    is_named = any(written in payload for id_ in session_ids for written in _written(id_))
    if not is_named and all(map(_is_written_one_way, session_ids)):
        return False
    try:
        own = _own(read_json_object(payload))
    except InvalidEvent:
        return is_named
    return bool(own & session_ids) if own else is_named


def _is_written_one_way(session_id: str) -> bool:
    """By every producer: JSON may escape the other characters or not."""
    return session_id.isascii() and not set(session_id) & {"/", '"', "\\"}


def _written(session_id: str) -> set[bytes]:
    """Find the id where most producers write it."""
    return {json.dumps(session_id, ensure_ascii=escaped).encode("utf-8", "replace") for escaped in (True, False)}


def _own(document: dict[str, Any]) -> set[str]:
    """Session id of a heavy event in either form, a lightweight event, or a message about an attributed session."""
    context = document.get("context")
    named = [document.get("session_id"), context.get("session_id") if isinstance(context, dict) else None]
    return {id_ for id_ in named if isinstance(id_, str)}

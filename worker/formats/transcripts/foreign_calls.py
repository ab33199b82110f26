"""Calls of tools in the forms of other APIs: those of chat completions are read, others are refused by name, none is silence."""

import contextlib
import json
from typing import Any

from worker.domain import Block, BlockKind
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import Calls, call_block, clean, parse_content, plain_text

#: types of blocks, and keys of blocks and messages, that hold a call or its answer
_TYPES = frozenset(
    {
        *("tool-call", "tool-result", "tool_call", "function_call", "function_call_output"),
        *("toolRequest", "toolResponse"),
    }
)
_KEYS = frozenset({"toolUse", "toolResult", "functionCall", "functionResponse", "function_call"})


class UnreadForm(InvalidEvent):
    """To leave such a message out would make silence of what was done."""


def parse_foreign(entry: dict[str, Any], *, role: str, calls: Calls) -> tuple[Block, ...]:
    """Blocks of a message in the form of chat completions; none for one in ours. Raises `InvalidEvent` for a form that is not read."""
    content = entry.get("content")
    if "content" not in entry and "parts" in entry:
        raise UnreadForm("it has parts in place of content, a form that is not read")
    for place in (entry, *(content if isinstance(content, list) else ())):
        if isinstance(place, dict):
            _refuse_unread(place)
    if role == "tool" and "tool_call_id" in entry:
        tool = calls.tools.get(str(entry["tool_call_id"]))
        block = Block(kind=BlockKind.TOOL_RESULT, text=clean(plain_text(content)), tool=tool)
        return (calls.keep(block, entry["tool_call_id"]),)
    made = entry.get("tool_calls")
    if not isinstance(made, list) or not made:
        return ()
    said = parse_content(content, role=role, calls=calls)
    return (*said, *(_call(one, calls) for one in made))


def _refuse_unread(place: dict[str, Any]) -> None:
    kind = place.get("type")
    found = (
        [kind]
        if isinstance(kind, str) and kind in _TYPES
        else sorted(key for key in _KEYS & place.keys() if place[key])
    )
    if found:
        raise UnreadForm(
            f"it has a {found[0]}, a form of calls that is not read: tool_use and tool_result blocks are, and tool_calls"
        )


def _call(call: object, calls: Calls) -> Block:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise InvalidEvent("one of its tool_calls has no function")
    given = function.get("arguments")
    if isinstance(given, str):
        with contextlib.suppress(ValueError, RecursionError):  # cut off, or text: then it is text
            given = json.loads(given)
    name = str(function.get("name") or "")
    calls.tools[str(call.get("id"))] = name
    return calls.keep(call_block(name, given), call.get("id"))


def learn_foreign(entry: dict[str, Any], calls: Calls) -> None:
    """Take note of the calls' names in one message, as an answer may stand before its call."""
    made = entry.get("tool_calls")
    for call in made if isinstance(made, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            calls.tools.setdefault(str(call.get("id")), str(function.get("name") or ""))

"""A Claude Code session file: one JSON object a line, of which only some are messages.

One assistant message is written as several lines, one per content block, which share `message.id`; tool results may stand between.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from worker.domain import Message, Transcript
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import Calls, clean, parse_content

_NO_MESSAGE_FLAGS = ("isMeta", "isSidechain", "isCompactSummary")


@dataclass(kw_only=True, slots=True)
class _Draft:
    """A message whose lines are still being collected."""

    line: int
    role: str
    contents: list[object]


def parse_session_lines(lines: Iterable[str]) -> Transcript:
    """Messages in the order in which they began. Raises `InvalidEvent` with the line's number, or when there is no message at all."""
    drafts: list[_Draft] = []
    by_id: dict[str, _Draft] = {}
    calls = Calls()
    for number, line in enumerate(lines, start=1):
        message = _message(line, number)
        if message is None:
            continue
        calls.learn(message.get("content"))
        message_id = message.get("id") if message["role"] == "assistant" else None
        if isinstance(message_id, str) and message_id in by_id:
            by_id[message_id].contents.append(message.get("content"))
            continue
        drafts.append(_Draft(line=number, role=message["role"], contents=[message.get("content")]))
        if isinstance(message_id, str):
            by_id[message_id] = drafts[-1]
    if not drafts:
        raise InvalidEvent("the transcript holds no message")
    return Transcript(messages=tuple(_finish(idx, draft, calls) for idx, draft in enumerate(drafts)))


def _message(line: str, number: int) -> dict[str, Any] | None:
    """The `{"role", "content"}` object of a line; None where the line is blank or no message."""
    if not line.strip():
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(f"line {number} of the transcript is not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise InvalidEvent(f"line {number} of the transcript is not an object")
    if any(entry.get(flag) for flag in _NO_MESSAGE_FLAGS):
        return None
    wrapped = entry.get("type") in ("user", "assistant") and "message" in entry
    message = entry["message"] if wrapped else entry
    if not wrapped and ("role" not in entry or "content" not in entry):
        return None  # summary, system, snapshot and bookkeeping lines
    if not isinstance(message, dict) or not isinstance(message.get("role", entry.get("type")), str):
        raise InvalidEvent(f"line {number} of the transcript has no role")
    return {**message, "role": clean(message.get("role") or entry["type"])}


def _finish(message_idx: int, draft: _Draft, calls: Calls) -> Message:
    try:
        blocks = [block for content in draft.contents for block in parse_content(content, role=draft.role, calls=calls)]
    except InvalidEvent as error:
        raise InvalidEvent(f"line {draft.line} of the transcript: {error}") from error
    return Message(message_idx=message_idx, role=draft.role, blocks=tuple(blocks))

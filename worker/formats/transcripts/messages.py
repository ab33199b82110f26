"""A transcript as events carry it, and any transcript's bytes."""

import json
from typing import Any

from worker.domain import Message, Transcript
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import Calls, clean, parse_content
from worker.formats.transcripts.session_file import parse_session_lines


def parse_transcript(value: object) -> Transcript:
    """`{"messages": [{"role", "content", "timestamp"?}]}`, or that list itself; every entry is one message.

    Raises `InvalidEvent`, which names the message that cannot be read.
    """
    entries = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(entries, list):
        raise InvalidEvent("the transcript has no list of messages")
    calls = Calls()
    for entry in entries:
        calls.learn(entry.get("content") if isinstance(entry, dict) else None)
    return Transcript(messages=tuple(_parse_message(idx, entry, calls) for idx, entry in enumerate(entries)))


def _parse_message(message_idx: int, entry: object, calls: Calls) -> Message:
    if not isinstance(entry, dict) or not isinstance(entry.get("role"), str):
        raise InvalidEvent(f"message {message_idx} of the transcript has no role")
    role = clean(entry["role"])
    try:
        blocks = parse_content(entry.get("content"), role=role, calls=calls)
    except InvalidEvent as error:
        raise InvalidEvent(f"message {message_idx} of the transcript: {error}") from error
    return Message(message_idx=message_idx, role=role, blocks=blocks)


def read_transcript(data: bytes) -> Transcript:
    """The content of a file: one JSON object with `messages`, or a session file's lines. Raises `InvalidEvent`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"the transcript is not UTF-8 text: {error.reason} at byte {error.start}") from error
    whole = _one_object(text)
    if whole is not None:
        return parse_transcript(whole)
    return parse_session_lines(text.split("\n"))


def _one_object(text: str) -> dict[str, Any] | list[Any] | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # several lines: each is read, and refused, on its own
    is_transcript = isinstance(value, list) or (isinstance(value, dict) and "messages" in value)
    return value if is_transcript else None

"""Session files as assistants write them, made here: one function per kind of line, each with the fields that real ones have."""

import json
from collections.abc import Iterable
from typing import Any

from worker.domain import BlockKind
from worker.formats.transcripts.session import ReadSession

STOP = "STOP what you are doing and wait for the user to tell you how to proceed."
REFUSED = "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. …)."


def lines(*entries: object) -> bytes:
    """Each entry as one line, in the compact form that assistants write; bytes stand as they are."""
    raw = (
        entry if isinstance(entry, bytes) else json.dumps(entry, separators=(",", ":")).encode() for entry in entries
    )
    return b"".join(line + b"\n" for line in raw)


def claude(kind: str, uuid: str, parent: str | None, second: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "parentUuid": parent,
        "isSidechain": False,
        "cwd": "/w/demo",
        "sessionId": "s1",
        "version": "2.1.281",
        "gitBranch": "main",
        "type": kind,
        "uuid": uuid,
        "timestamp": f"2026-10-01T10:00:{second:02}.000Z",
        **more,
    }


def prompt(uuid: str, parent: str | None, content: object, second: int = 0, **more: Any) -> dict[str, Any]:
    return claude("user", uuid, parent, second, message={"role": "user", "content": content}, **more)


def reply(
    uuid: str, parent: str | None, *blocks: object, message_id: str = "", second: int = 0, **more: Any
) -> dict[str, Any]:
    message = {
        "id": message_id or f"msg_{uuid}",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": list(blocks),
    }
    return claude("assistant", uuid, parent, second, **{"message": message, **more})


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def bash(call_id: str, command: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "Bash", "input": {"command": command}}


def result(uuid: str, parent: str | None, call_id: str, content: str, second: int = 0, **more: Any) -> dict[str, Any]:
    is_error = more.pop("is_error", False)
    answer = {"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": is_error}
    return prompt(uuid, parent, [answer], second, **more)


def attachment(uuid: str, parent: str | None, second: int = 0, **content: Any) -> dict[str, Any]:
    return claude("attachment", uuid, parent, second, attachment=content)


def queue(operation: str, content: str | None = None, second: int = 0) -> dict[str, Any]:
    told = {} if content is None else {"content": content}
    moment = f"2026-10-01T10:00:{second:02}.500Z"
    return {"type": "queue-operation", "operation": operation, "timestamp": moment, "sessionId": "s1", **told}


def said(session: ReadSession) -> list[tuple[str, str]]:
    """Who said what: the speaker of a `user` message, "answer" for one of tools, otherwise the role; and its texts."""
    return [
        (
            str(session.speakers.get(message.message_idx, "answer" if message.role == "user" else message.role)),
            " | ".join(block.text for block in message.blocks if block.kind is BlockKind.TEXT),
        )
        for message in session.transcript.messages
    ]


def people(session: ReadSession) -> list[str]:
    return [words for who, words in said(session) if who in {"person", "queued", "rejection"}]


def calls(session: ReadSession) -> list[str]:
    found: Iterable[Any] = (block for message in session.transcript.messages for block in message.blocks)
    return [block.text for block in found if block.kind is BlockKind.TOOL_USE]

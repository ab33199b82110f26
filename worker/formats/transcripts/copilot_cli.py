"""A Copilot CLI session: `events.jsonl`, one `{type, data, timestamp}` object per line."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.formats.transcripts.content_blocks import plain_text
from worker.formats.transcripts.lines import DAMAGED, objects
from worker.formats.transcripts.session import Harness, ReadSession, Refusal, Speaker
from worker.formats.transcripts.session_draft import SessionDraft, moment
from worker.formats.transcripts.who_spoke import words_of_a_person

_EXIT_CODE = re.compile(r"<exited with exit code (-?\d{1,9})>\s*\Z")
#: known, and nothing that a session consists of
_BOOKKEEPING = (
    "assistant.",
    "hook.",
    "session.",
    "system.",
    "permission.",
    "tool.",
    "subagent.",
    "skill.",
    "user_input.",
)


def read(lines: Iterable[bytes], skipped: Counter[str]) -> ReadSession:
    """Raises `InvalidEvent` when there is no message at all."""
    reader = _Reader(SessionDraft(Harness.COPILOT_CLI, skipped))
    for entry in objects(iter(lines), skipped):
        reader.read_entry(entry)
    return reader.draft.finish()


@dataclass(slots=True, eq=False)
class _Reader:
    draft: SessionDraft
    where: dict[str, Any] = field(default_factory=dict)
    #: permission request -> the call it is about
    requests: dict[str, str] = field(default_factory=dict)
    #: calls that a person turned down, with their words
    denied: dict[str, str] = field(default_factory=dict)

    def read_entry(self, entry: dict[str, Any]) -> None:
        kind, data = str(entry.get("type")), entry.get("data")
        handler = _HANDLERS.get(kind)
        if handler is None:
            if not kind.startswith(_BOOKKEEPING):
                self.draft.skip(f"unknown type: {kind[:40]}")
        elif not isinstance(data, dict):
            self.draft.skip(DAMAGED)
        else:
            self.where = {"time": moment(entry.get("timestamp")), "subagent": str(data.get("parentToolCallId") or "")}
            handler(self, {**data, "id": str(entry.get("id") or "")})

    def start(self, data: dict[str, Any]) -> None:
        context = data.get("context")
        place = context if isinstance(context, dict) else {}
        told = {"session_id": data.get("sessionId"), "version": data.get("copilotVersion")}
        for name, value in {**told, "cwd": place.get("cwd"), "branch": place.get("branch")}.items():
            self.draft.know(name, value)

    def user(self, data: dict[str, Any]) -> None:
        words = words_of_a_person(str(data.get("content") or ""))
        by_a_person = data.get("source") in (None, "", "user") and not self.where["subagent"]
        if words and by_a_person:
            self.draft.add("user", speaker=Speaker.PERSON, line_id=data["id"], **self.where).say(words)

    def assistant(self, data: dict[str, Any]) -> None:
        self.draft.know("model", data.get("model"))
        message = self.draft.add("assistant", line_id=data["id"], **self.where)
        message.say(str(data.get("content") or ""))
        requests = data.get("toolRequests")
        for request in requests if isinstance(requests, list) else ():
            if isinstance(request, dict):
                name, given = request.get("name", ""), request.get("arguments")
                self.draft.call(message, call_id=request.get("toolCallId"), tool=name, given=given)
        message.is_dropped = not message.blocks

    def tool_start(self, data: dict[str, Any]) -> None:
        call_id = data.get("toolCallId")
        if self.draft.made_in(call_id) is None:
            message = self.draft.add("assistant", line_id=data["id"], **self.where)
            self.draft.call(message, call_id=call_id, tool=data.get("toolName", ""), given=data.get("arguments"))

    def tool_complete(self, data: dict[str, Any]) -> None:
        call_id = str(data.get("toolCallId"))
        text, code = _answer(data.get("result")) or _answer(data.get("error")) or "", None
        if match := _EXIT_CODE.search(text[-100:]):
            code = int(match[1])
        is_error = data.get("success") is False or bool(code)
        refusal = Refusal.TOOL_USE if call_id in self.denied else None
        message = self.draft.add("user", line_id=data["id"], **self.where)
        self.draft.answer(message, call_id=call_id, text=text, is_error=is_error, exit_code=code, refusal=refusal)
        if words := self.denied.pop(call_id, ""):
            self.draft.add("user", speaker=Speaker.REJECTION, line_id=data["id"], **self.where).say(words)

    def permission_requested(self, data: dict[str, Any]) -> None:
        request = data.get("permissionRequest")
        if isinstance(request, dict):
            self.requests[str(data.get("requestId"))] = str(request.get("toolCallId"))

    def permission_completed(self, data: dict[str, Any]) -> None:
        result = data.get("result")
        if isinstance(result, dict) and str(result.get("kind")).startswith("denied-interactively"):
            call_id = data.get("toolCallId") or self.requests.get(str(data.get("requestId")))
            self.denied[str(call_id)] = str(result.get("feedback") or "")

    def abort(self, data: dict[str, Any]) -> None:
        self.draft.interrupt(data["id"])


def _answer(result: object) -> str:
    if isinstance(result, dict):
        content = result.get("content", result.get("message"))
        return content if isinstance(content, str) else plain_text(content)
    return result if isinstance(result, str) else ""


_HANDLERS: Mapping[str, Callable[[_Reader, dict[str, Any]], None]] = {
    "session.start": _Reader.start,
    "session.resume": _Reader.start,
    "user.message": _Reader.user,
    "assistant.message": _Reader.assistant,
    "tool.execution_start": _Reader.tool_start,
    "tool.execution_complete": _Reader.tool_complete,
    "permission.requested": _Reader.permission_requested,
    "permission.completed": _Reader.permission_completed,
    "abort": _Reader.abort,
}

"""A Gemini CLI session: one JSON document, or since 2026 the same as lines that add, replace and take back messages."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from worker.formats.transcripts.lines import DAMAGED, objects
from worker.formats.transcripts.session import Harness, ReadSession, Refusal, Speaker
from worker.formats.transcripts.session_draft import SessionDraft, moment
from worker.formats.transcripts.who_spoke import words_of_a_person

_FILES_FOLLOW = "\n--- Content from referenced files ---"
_CANCELLED = "Request cancelled"


def read(lines: Iterable[bytes], skipped: Counter[str]) -> ReadSession:
    """The lines form. Raises `InvalidEvent` when there is no message at all."""
    document: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for entry in objects(iter(lines), skipped):
        if isinstance(entry.get("$set"), dict):
            document |= entry["$set"]
        elif "$rewindTo" in entry:
            _rewind(messages, str(entry["$rewindTo"]))
        elif "type" in entry:
            messages[str(entry.get("id") or len(messages))] = entry
        else:
            document |= entry
    listed = document.get("messages")
    earlier = listed if isinstance(listed, list) else []
    return read_document({**document, "messages": [*earlier, *messages.values()]}, skipped)


def _rewind(messages: dict[str, Any], message_id: str) -> None:
    """Forget this message and what came after it."""
    if message_id in messages:
        ids = list(messages)
        for later in ids[ids.index(message_id) :]:
            del messages[later]


def read_document(document: dict[str, Any], skipped: Counter[str]) -> ReadSession:
    """The document form. Raises `InvalidEvent` when there is no message at all."""
    draft = SessionDraft(Harness.GEMINI_CLI, skipped)
    draft.know("session_id", document.get("sessionId"))
    messages = document.get("messages")
    for entry in messages if isinstance(messages, list) else ():
        if isinstance(entry, dict):
            _add(draft, entry)
        else:
            draft.skip(DAMAGED)
    return draft.finish()


def _add(draft: SessionDraft, entry: dict[str, Any]) -> None:
    line_id = f"{draft.facts.get('session_id', '')}/{entry.get('id') or len(draft.messages)}"
    where = {"time": moment(entry.get("timestamp")), "line_id": line_id}
    text = _text(entry.get("content"))
    match entry.get("type"):
        case "user":
            if words := words_of_a_person(text.partition(_FILES_FOLLOW)[0]):
                draft.add("user", speaker=Speaker.PERSON, **where).say(words)
        case "gemini":
            _add_answering(draft, entry, text, where)
        case "info" | "warning" | "error":
            if text.startswith(_CANCELLED):
                draft.interrupt(line_id)
        case kind:
            draft.skip(f"unknown type: {str(kind)[:40]}")


def _add_answering(draft: SessionDraft, entry: dict[str, Any], text: str, where: dict[str, Any]) -> None:
    draft.know("model", entry.get("model"))
    message = draft.add("assistant", **where)
    message.say(text)
    listed = entry.get("toolCalls")
    calls = [call for call in listed if isinstance(call, dict)] if isinstance(listed, list) else []
    for call in calls:
        draft.call(message, call_id=call.get("id"), tool=call.get("name", ""), given=call.get("args"))
    if calls:
        answers = draft.add("user", **where)
        for call in calls:
            status = call.get("status")
            refusal = Refusal.TOOL_USE if status == "cancelled" else None
            is_error = status in ("error", "cancelled")
            draft.answer(
                answers, call_id=call.get("id"), text=_result(call.get("result")), is_error=is_error, refusal=refusal
            )


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(filter(None, map(_text, content)))
    if isinstance(content, dict):
        return str(content.get("text") or "")
    return content if isinstance(content, str) else ""


def _result(result: object) -> str:
    """What a tool answered: the `output` or `error` of each function response."""
    if isinstance(result, list):
        return "\n".join(filter(None, map(_result, result)))
    if not isinstance(result, dict):
        return result if isinstance(result, str) else ""
    function = result.get("functionResponse")
    response = function.get("response") if isinstance(function, dict) else None
    if isinstance(response, dict):
        return str(response.get("output") or response.get("error") or "")
    return _text(result)

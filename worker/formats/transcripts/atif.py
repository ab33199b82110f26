"""The Agent Trajectory Interchange Format (ATIF): one JSON document with a list of steps."""

from collections import Counter
from typing import Any

from worker.formats.transcripts.lines import DAMAGED
from worker.formats.transcripts.session import Harness, ReadSession, Speaker
from worker.formats.transcripts.session_draft import SessionDraft, moment
from worker.formats.transcripts.who_spoke import words_of_a_person

SCHEMA = "ATIF"


def read_document(document: dict[str, Any], skipped: Counter[str]) -> ReadSession:
    """Raises `InvalidEvent` when there is no message at all."""
    draft = SessionDraft(Harness.ATIF, skipped)
    agent = document.get("agent")
    made_by = agent if isinstance(agent, dict) else {}
    draft.know("session_id", document.get("session_id") or document.get("trajectory_id"))
    draft.know("version", made_by.get("version"))
    draft.know("model", made_by.get("model_name"))
    steps = document.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            _add(draft, step)
        else:
            draft.skip(DAMAGED)
    return draft.finish()


def _add(draft: SessionDraft, step: dict[str, Any]) -> None:
    where = {"time": moment(step.get("timestamp"))}
    text = _text(step.get("message"))
    match step.get("source"):
        case "user":
            if words := words_of_a_person(text):
                draft.add("user", speaker=Speaker.PERSON, **where).say(words)
        case "agent":
            _add_agent(draft, step, text, where)
        case "system":
            draft.add("system", **where).say(text)
        case source:
            draft.skip(f"unknown type: {str(source)[:40]}")
    _add_answers(draft, step.get("observation"), where)


def _add_agent(draft: SessionDraft, step: dict[str, Any], text: str, where: dict[str, Any]) -> None:
    draft.know("model", step.get("model_name"))
    message = draft.add("assistant", **where)
    message.say(text)
    calls = step.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            name, given = call.get("function_name", ""), call.get("arguments")
            draft.call(message, call_id=call.get("tool_call_id"), tool=name, given=given)


def _add_answers(draft: SessionDraft, observation: object, where: dict[str, Any]) -> None:
    results = observation.get("results") if isinstance(observation, dict) else None
    known = [result for result in results if isinstance(result, dict)] if isinstance(results, list) else []
    if known:
        message = draft.add("user", **where)
        for result in known:
            draft.answer(message, call_id=result.get("source_call_id"), text=_text(result.get("content")))


def _text(content: object) -> str:
    """A message is a text, or a list of typed parts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        return "\n".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")
    return content if isinstance(content, str) else ""

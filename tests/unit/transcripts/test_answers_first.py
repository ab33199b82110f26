"""Parallel calls: an answer joins its own call, though it was written before it or behind another one's."""

import json
from collections import Counter
from typing import Any

import pytest
from unit.transcripts.written import bash, lines, prompt, reply, result

from assessor.archive import _from_bytes, _to_bytes
from assessor.calls import calls_of
from assessor.wire_transcript import transcript_to_wire
from worker.domain import BlockKind
from worker.formats.transcripts.messages import read_document
from worker.formats.transcripts.opening import open_session
from worker.formats.transcripts.renumber import assemble, picks_of
from worker.formats.transcripts.session import ReadSession


def claude_code() -> bytes:
    return lines(
        prompt("u1", None, "go"),
        result("r2", "u1", "c2", "Exit code 3\nred", is_error=True),
        reply("a1", "u1", bash("c1", "ls"), message_id="m", requestId="q"),
        reply("a2", "a1", bash("c2", "make"), message_id="m", requestId="q"),
        reply("a3", "a2", bash("c3", "pwd"), message_id="m", requestId="q"),
        result("r3", "a3", "c3", "/w"),
        result("r1", "a1", "c1", "a.py"),
    )


def codex() -> bytes:
    def item(**payload: Any) -> dict[str, Any]:
        return {"timestamp": "2026-07-01T10:00:00.000Z", "type": "response_item", "payload": payload}

    def call(call_id: str, command: str) -> dict[str, Any]:
        given = json.dumps({"cmd": command})
        return item(type="function_call", name="exec_command", arguments=given, call_id=call_id)

    def answer(call_id: str, output: str) -> dict[str, Any]:
        return item(type="function_call_output", call_id=call_id, output=output)

    go = item(type="message", role="user", content=[{"type": "input_text", "text": "go"}])
    start = {"timestamp": "2026-07-01T10:00:00.000Z", "type": "session_meta", "payload": {"id": "c", "cwd": "/w"}}
    red = answer("c2", "Process exited with code 3\nred")
    first, third = answer("c1", "a.py"), answer("c3", "/w")
    return lines(start, go, red, call("c1", "ls"), call("c2", "make"), call("c3", "pwd"), third, first)


def copilot_cli() -> bytes:
    def event(kind: str, number: int, **data: Any) -> dict[str, Any]:
        return {"type": kind, "id": f"e{number}", "timestamp": "2026-07-01T10:00:00.000Z", "data": data}

    def answer(number: int, call_id: str, content: str, *, success: bool = True) -> dict[str, Any]:
        told = {"toolCallId": call_id, "success": success, "result": {"content": content}}
        return event("tool.execution_complete", number, **told)

    made = [
        {"toolCallId": call_id, "name": "bash", "arguments": {"command": command}}
        for call_id, command in [("c1", "ls"), ("c2", "make"), ("c3", "pwd")]
    ]
    return lines(
        event("session.start", 0, sessionId="s", copilotVersion="1"),
        event("user.message", 1, content="go"),
        answer(2, "c2", "red\n<exited with exit code 3>", success=False),
        event("assistant.message", 3, content="", toolRequests=made),
        answer(4, "c3", "/w"),
        answer(5, "c1", "a.py"),
    )


def atif() -> bytes:
    def results(*answers: tuple[str, str]) -> dict[str, Any]:
        return {"results": [{"source_call_id": call_id, "content": content} for call_id, content in answers]}

    made = [
        {"tool_call_id": call_id, "function_name": "bash", "arguments": {"command": command}}
        for call_id, command in [("c1", "ls"), ("c2", "make"), ("c3", "pwd")]
    ]
    steps = [
        {"source": "user", "message": "go", "observation": results(("c2", "red"))},
        {"source": "agent", "message": "", "tool_calls": made, "observation": results(("c3", "/w"), ("c1", "a.py"))},
    ]
    document = {"schema_version": "ATIF-v1.6", "session_id": "s", "agent": {"name": "x"}, "steps": steps}
    return json.dumps(document).encode()


def messages() -> bytes:
    def use(call_id: str, command: str) -> dict[str, Any]:
        return {"type": "tool_use", "id": call_id, "name": "Bash", "input": {"command": command}}

    def answer(call_id: str, content: str) -> dict[str, Any]:
        return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": content}]}

    made = {"role": "assistant", "content": [use("c1", "ls"), use("c2", "make"), use("c3", "pwd")]}
    told = [{"role": "user", "content": "go"}, answer("c2", "red"), made, answer("c3", "/w"), answer("c1", "a.py")]
    return json.dumps({"messages": told}).encode()


def chat_completions() -> bytes:
    def use(call_id: str, command: str) -> dict[str, Any]:
        return {"id": call_id, "function": {"name": "Bash", "arguments": json.dumps({"command": command})}}

    def answer(call_id: str, content: str) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": call_id, "content": content}

    made = {"role": "assistant", "content": "", "tool_calls": [use("c1", "ls"), use("c2", "make"), use("c3", "pwd")]}
    told = [{"role": "user", "content": "go"}, answer("c2", "red"), made, answer("c3", "/w"), answer("c1", "a.py")]
    return json.dumps({"messages": told}).encode()


def joined(session: ReadSession) -> list[tuple[str, str]]:
    """(command, last word of its answer), in the order of the calls."""
    calls = calls_of(session)
    assert all(call.answer and call.answer.tool == call.block.tool for call in calls)
    words = [(call.answer.text if call.answer else "").replace("\n<exited with exit code 3>", "") for call in calls]
    return [(call.command or "", text.split()[-1]) for call, text in zip(calls, words, strict=True)]


FORMATS = [claude_code, codex, copilot_cli, atif, messages, chat_completions]
TOLD = [("ls", "a.py"), ("make", "red"), ("pwd", "/w")]


@pytest.mark.parametrize("written", FORMATS, ids=lambda written: written.__name__)
def test_an_answer_joins_its_own_call(written: Any) -> None:
    """By the id, whatever stands first; the same once it was kept, sent, or numbered anew."""
    session = open_session(written())
    assert joined(session) == TOLD
    assert joined(_from_bytes(_to_bytes(session))) == TOLD
    assert joined(assemble(session, picks_of(session, range(len(session.transcript.messages))))) == TOLD
    sent = transcript_to_wire(session.transcript, session.answers)
    assert [text for _, text in joined(read_document(sent, Counter()))] == [text for _, text in TOLD]


@pytest.mark.parametrize("written", [claude_code, codex, copilot_cli], ids=lambda written: written.__name__)
def test_an_answer_before_its_call_says_how_that_went(written: Any) -> None:
    """Its failure counts after the call, not before."""
    _, red, _ = calls_of(open_session(written()))
    assert (red.failed, red.exit_code) == (True, 3)
    assert red.answered_at == red.message_idx


def test_an_answer_before_its_call_does_not_part_a_message() -> None:
    """The lines of one message stay one."""
    roles = [message.role for message in open_session(claude_code()).transcript.messages]
    assert roles.count("assistant") == 1


def test_a_refusal_before_its_call_marks_it() -> None:
    """A person said no to this one."""
    words = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    session = open_session(
        lines(
            prompt("u1", None, "go"),
            result("r1", "u1", "c1", words, is_error=True),
            reply("a1", "u1", bash("c1", "ls")),
        )
    )
    (call,) = calls_of(session)
    assert call.is_refused_by_a_person
    assert call.block.rejected


@pytest.mark.parametrize("written", [claude_code, messages, chat_completions], ids=lambda written: written.__name__)
def test_an_answer_without_a_call_joins_no_other(written: Any) -> None:
    """The call was lost: by its id the answer belongs to none of those that are left."""
    raw = written().replace(b'"c2"', b'"lost"', 1)
    answers = {call.command: call.answer for call in calls_of(open_session(raw))}
    assert answers["make"] is None
    assert answers["ls"] is not None
    assert answers["ls"].kind is BlockKind.TOOL_RESULT

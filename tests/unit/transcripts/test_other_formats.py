"""Sessions of the other assistants: what a person typed, what the assistant called, what came back."""

import json

import pytest
from unit.transcripts.written import calls, lines, people, said

from worker.errors import InvalidEvent
from worker.formats.transcripts.opening import open_session, read_sessions
from worker.formats.transcripts.session import Harness, Refusal, Speaker


def test_copilots_permission_says_who_refused() -> None:
    """A denial by a person is a refusal, its feedback the person's words; a call of a subagent is marked."""
    session = open_session(
        lines(
            {"type": "hook.start", "data": {}},
            {
                "type": "session.start",
                "data": {"sessionId": "s", "copilotVersion": "1.0.64", "context": {"cwd": "/w", "branch": "b"}},
            },
            {"type": "user.message", "data": {"content": "install"}, "id": "e1", "timestamp": "2026-06-23T05:17:32Z"},
            {
                "type": "assistant.message",
                "data": {
                    "model": "m",
                    "content": "I will.",
                    "toolRequests": [{"toolCallId": "t1", "name": "bash", "arguments": {"command": "npm i"}}],
                },
                "id": "e2",
            },
            {"type": "permission.requested", "data": {"requestId": "p1", "permissionRequest": {"toolCallId": "t1"}}},
            {
                "type": "permission.completed",
                "data": {"requestId": "p1", "result": {"kind": "denied-interactively-by-user", "feedback": "use bun"}},
            },
            {
                "type": "tool.execution_complete",
                "data": {"toolCallId": "t1", "success": False, "error": {"message": "denied"}},
                "id": "e3",
            },
            {
                "type": "tool.execution_start",
                "data": {"toolCallId": "t2", "toolName": "view", "arguments": {"path": "a"}, "parentToolCallId": "t9"},
                "id": "e4",
            },
            {
                "type": "tool.execution_complete",
                "data": {"toolCallId": "t2", "success": True, "result": {"content": "x\n<exited with exit code 3>"}},
                "id": "e5",
            },
            {"type": "abort", "data": {"reason": "user"}},
            {"type": "new.kind", "data": {}},
        )
    )
    assert people(session) == ["install", "use bun"]
    assert session.speakers[3] is Speaker.REJECTION
    assert session.refusals == {(2, 0): Refusal.TOOL_USE}
    assert session.subagents == {4: "t9"}
    assert session.exit_codes == {(5, 0): 3}
    assert session.interruptions == (5,)
    assert session.skipped == {"unknown type: new.kind": 1}
    assert (session.cwd, session.branch, session.version) == ("/w", "b", "1.0.64")


GEMINI_MESSAGES = [
    {
        "id": "1",
        "type": "user",
        "timestamp": "2026-01-01T10:00:00Z",
        "content": [{"text": "read it\n--- Content from referenced files ---\nx"}],
    },
    {
        "id": "2",
        "type": "gemini",
        "model": "gemini-3",
        "content": "Let me.",
        "toolCalls": [
            {
                "id": "c1",
                "name": "read_file",
                "args": {"path": "a"},
                "status": "success",
                "result": [{"functionResponse": {"response": {"output": "text"}}}],
            },
            {"id": "c2", "name": "run", "args": {"command": "rm"}, "status": "cancelled", "result": []},
        ],
    },
    {"id": "3", "type": "info", "content": "Request cancelled."},
]


def check_gemini(data: bytes) -> None:
    session = open_session(data)
    assert said(session) == [("person", "read it"), ("assistant", "Let me."), ("answer", "")]
    assert calls(session) == ["path=a", "command=rm"]
    assert session.transcript.messages[2].blocks[0].text == "text"
    assert session.refusals == {(2, 1): Refusal.TOOL_USE}
    assert session.interruptions == (2,)
    assert (session.harness, session.session_id, session.model) == (Harness.GEMINI_CLI, "g", "gemini-3")


def test_a_gemini_document_is_read() -> None:
    """One JSON document, on one line or many."""
    document = {"sessionId": "g", "projectHash": "h", "messages": GEMINI_MESSAGES}
    check_gemini(json.dumps(document).encode())
    check_gemini(json.dumps(document, indent=2).encode())


def test_gemini_lines_add_replace_and_take_back() -> None:
    """The lines form ends in the same messages: a later line of an id replaces it, a rewind takes back what followed."""
    check_gemini(
        lines(
            {"sessionId": "g", "projectHash": "h", "kind": "main"},
            GEMINI_MESSAGES[0],
            {"id": "x", "type": "user", "content": "something else"},
            {"$rewindTo": "x"},
            {"id": "2", "type": "gemini", "content": "Let"},
            {"$set": {"lastUpdated": "2026-01-01T10:00:09Z"}},
            *GEMINI_MESSAGES[1:],
        )
    )


def test_a_specstory_history_is_read() -> None:
    """Who speaks stands in a line of its own; a shell's command and output are taken from their block."""
    session = open_session(
        b"""<!-- Generated by SpecStory, Markdown v2.1.0 -->

# 2026-07-13 13:40:49Z

<!-- Claude Code Session 5c7d5c23-0691 (2026-07-13 13:40:49Z) -->

_**User (2026-07-13 13:40:49Z)**_

fix the test

---

_**Agent (claude-opus-4-8 2026-07-13 13:41:01Z)**_

<think><details>private</details></think>
I look.

<tool-use data-tool-type="shell" data-tool-name="Bash"><details>
<summary>Tool use: **Bash**</summary>
`pytest -q`

```text
1 failed
```
</details></tool-use>

---

_**User**_

no, use bun
"""
    )
    assert said(session) == [
        ("person", "fix the test"),
        ("assistant", "I look."),
        ("answer", ""),
        ("person", "no, use bun"),
    ]
    assert calls(session) == ["command=pytest -q"]
    assert session.transcript.messages[2].blocks[0].text == "1 failed"
    assert (session.harness, session.session_id, session.model) == (
        Harness.SPECSTORY,
        "5c7d5c23-0691",
        "claude-opus-4-8",
    )


#: a dot stands for the two spaces that end a person's line
AIDER = """
# aider chat started at 2026-06-09 14:01:00

> Aider v0.86.1·
> Main model: gemini-2.5 with diff·

#### add a retry·
####   to the webhook·

Here is the plan:

#### Step 1
Wrap the call.

> Applied edit to src/a.ts·

#### /add src/b.ts·

> Added src/b.ts to the chat·

#### /ask why?·

Because.

> ^C KeyboardInterrupt·

# aider chat started at 2026-06-09 15:00:00

> Aider v0.86.1·

# aider chat started at 2026-06-09 16:00:00

#### next·

ok
""".replace("·", "  ").encode()


def test_an_aider_history_is_one_session_per_run() -> None:
    """Runs in which nothing was said are none; the assistant's headings are no person's lines."""
    first, second = read_sessions(AIDER)
    assert people(first) == ["add a retry\n  to the webhook", "why?"]
    assert "#### Step 1" in said(first)[1][1]
    assert (first.model, first.version) == ("gemini-2.5", "0.86.1")
    assert len(first.interruptions) == 1
    assert people(second) == ["next"]
    assert second.skipped == {}
    assert first.session_id != second.session_id
    with pytest.raises(InvalidEvent, match="several sessions"):
        open_session(AIDER)


def test_atif_is_read() -> None:
    """Steps of users and agents, calls with what was observed."""
    document = {
        "schema_version": "ATIF-v1.6",
        "session_id": "a",
        "agent": {"name": "x", "version": "1", "model_name": "m"},
        "steps": [
            {"step_id": 1, "source": "system", "message": "You are"},
            {"step_id": 2, "source": "user", "message": [{"type": "text", "text": "go"}, {"type": "image"}]},
            {
                "step_id": 3,
                "source": "agent",
                "message": "I look.",
                "tool_calls": [{"tool_call_id": "c1", "function_name": "bash", "arguments": {"command": "ls"}}],
                "observation": {"results": [{"source_call_id": "c1", "content": "a.py"}]},
            },
        ],
    }
    session = open_session(json.dumps(document).encode())
    assert said(session) == [("system", "You are"), ("person", "go"), ("assistant", "I look."), ("answer", "")]
    assert session.transcript.messages[3].blocks[0].tool == "bash"
    assert (session.harness, session.session_id, session.version, session.model) == (Harness.ATIF, "a", "1", "m")


def test_plain_messages_keep_their_places() -> None:
    """The project's own form loses no message, so positions stay those of the event; damaged lines are counted."""
    data = lines(
        {"role": "user", "content": "<task-notification>x</task-notification>", "timestamp": "2026-01-01T10:00:00Z"},
        {"role": "assistant", "content": "ok"},
        b"not json",
        {"role": "user", "content": 5},
        {"role": "user", "content": "thanks"},
    )
    session = open_session(data)
    assert [message.role for message in session.transcript.messages] == ["user", "assistant", "user"]
    assert session.speakers == {2: Speaker.PERSON}
    assert session.skipped == {"damaged line": 2}
    assert session.harness is Harness.MESSAGES

"""Transcripts in the forms of other APIs: a call counts, or the form is refused; none is read as silence."""

import json
from typing import Any

import pytest

from worker.domain import Block, BlockKind
from worker.errors import InvalidEvent
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.opening import open_session


def blocks(*messages: dict[str, Any]) -> list[Block]:
    return [block for message in parse_transcript(list(messages)).messages for block in message.blocks]


def call(arguments: object) -> dict[str, Any]:
    made = {"id": "1", "type": "function", "function": {"name": "bash", "arguments": arguments}}
    return {"role": "assistant", "content": "I look.", "tool_calls": [made]}


@pytest.mark.parametrize("arguments", ['{"command": "rg x"}', {"command": "rg x"}])
def test_calls_of_chat_completions_are_read(arguments: object) -> None:
    """What was said, the call with its input, and the answer with its tool."""
    said, made, answered = blocks(call(arguments), {"role": "tool", "tool_call_id": "1", "content": "src/p.rs:1"})
    assert (said.kind, said.text) == (BlockKind.TEXT, "I look.")
    assert (made.kind, made.tool, made.input) == (BlockKind.TOOL_USE, "bash", {"command": "rg x"})
    assert (answered.kind, answered.tool, answered.text) == (BlockKind.TOOL_RESULT, "bash", "src/p.rs:1")


def test_arguments_that_were_cut_off_are_text() -> None:
    """A killed assistant leaves half of its JSON."""
    assert blocks(call('{"command": "rg'))[1].text == '{"command": "rg'


def test_texts_of_the_responses_api_are_texts() -> None:
    """Their types are named after who spoke."""
    content = [{"type": "output_text", "text": "done"}]
    assert [block.text for block in blocks({"role": "assistant", "content": content})] == ["done"]


@pytest.mark.parametrize("role", ["Assistant", "ASSISTANT", "model", "ai"])
def test_an_assistant_is_known_by_its_other_names(role: str) -> None:
    """As another role it would have said and done nothing."""
    [made] = blocks({"role": role, "content": "[tool:Bash] command=rg x"})
    assert (made.kind, made.tool) == (BlockKind.TOOL_USE, "Bash")


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"toolUse": {"toolUseId": "1", "name": "Bash", "input": {}}}]},
        {"content": [{"type": "tool-call", "toolCallId": "1", "toolName": "bash", "input": {}}]},
        {"content": [{"type": "toolRequest", "id": "1", "toolCall": {}}]},
        {"content": [{"type": "function_call", "name": "bash"}]},
        {"content": None, "function_call": {"name": "bash", "arguments": "{}"}},
        {"parts": [{"functionCall": {"name": "x", "args": {}}}]},
        {"content": None, "tool_calls": [{"name": "bash"}]},
    ],
)
def test_other_forms_are_refused_with_the_message(message: dict[str, Any]) -> None:
    """Bedrock, AI SDK, goose, Responses, functions of old, Gemini; as a document and line by line."""
    document = [{"role": "user", "content": "go"}, {"role": "assistant", **message}]
    with pytest.raises(InvalidEvent, match=r"message 1 .*(form|no function)"):
        parse_transcript(document)
    if "tool_calls" not in message:
        with pytest.raises(InvalidEvent, match="form"):
            open_session(b"\n".join(json.dumps(each).encode() for each in document))

"""Transcripts are read in every form they come in, and refused with a reason in any other."""

import json

import pytest

from worker.domain import BlockKind, Transcript
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import call_block
from worker.formats.transcripts.flattened import parse_flattened
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.opening import read_transcript

REFUSED = "The user doesn't want to proceed with this tool use. The tool use was rejected"


def kinds(transcript: Transcript, message_idx: int) -> list[BlockKind]:
    return [block.kind for block in transcript.messages[message_idx].blocks]


def test_flattened_message_becomes_text_calls_and_answers() -> None:
    """Visible text, `[tool:NAME]`, `[tool_result]` and `[tool_error:NAME]` lines of one string are told apart."""
    content = (
        "Let me look.\n[tool:Read] file_path=a.py\n[tool_result] 1: x\n2: y\n[tool:Bash] make test  # Run tests\n"
        "[tool_error:Bash] Exit code 1"
    )
    message = parse_transcript({"messages": [{"role": "assistant", "content": content}]}).messages[0]
    assert [block.kind for block in message.blocks] == [
        BlockKind.TEXT,
        BlockKind.TOOL_USE,
        BlockKind.TOOL_RESULT,
        BlockKind.TOOL_USE,
        BlockKind.TOOL_ERROR,
    ]
    assert message.blocks[2].text == "1: x\n2: y"
    assert message.blocks[3].input == {"command": "make test", "description": "Run tests"}


def test_flattened_edit_shows_its_two_sides() -> None:
    """An edit written as `--- old` and `+++ new` gives both by name."""
    content = "[tool:Edit] ~/a.go\n--- old line\nmore\n+++ new line"
    block = parse_transcript([{"role": "assistant", "content": content}]).messages[0].blocks[0]
    assert block.input == {"file_path": "~/a.go", "old_string": "old line\nmore", "new_string": "new line"}


def test_rejected_call_is_marked() -> None:
    """A call that the person refused is known as such, in the flattened form and in content blocks."""
    flat = parse_transcript(
        [{"role": "assistant", "content": f"[tool:Bash] rm x\n[tool_rejected_by_user:Bash] {REFUSED}"}]
    )
    assert flat.messages[0].blocks[0].rejected
    blocks = parse_transcript(
        [
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "rm x"}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": REFUSED}],
            },
        ]
    )
    assert blocks.messages[0].blocks[0].rejected
    assert blocks.messages[1].blocks[0].tool == "Bash"


def test_markers_in_a_users_message_are_text() -> None:
    """Only an assistant's message is read for tool markers."""
    transcript = parse_transcript([{"role": "user", "content": "[tool:Bash] make"}])
    assert kinds(transcript, 0) == [BlockKind.TEXT]


def session_line(kind: str, message: object, **more: object) -> str:
    return json.dumps({"type": kind, "message": message, **more})


def test_session_file_counts_messages_as_specified() -> None:
    """Lines of one assistant message are one; meta, summary and system lines are none; a tool result line is one."""
    lines = [
        json.dumps({"type": "summary", "summary": "…"}),
        session_line("user", {"role": "user", "content": "hi"}),
        session_line("user", {"role": "user", "content": "meta"}, isMeta=True),
        session_line("assistant", {"id": "m1", "role": "assistant", "content": [{"type": "text", "text": "one"}]}),
        session_line(
            "assistant",
            {
                "id": "m1",
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": {"path": "a"}}],
            },
        ),
        session_line(
            "user", {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "text"}]}
        ),
        json.dumps({"type": "system", "content": "compacted"}),
        "",
        session_line("assistant", {"id": "m2", "role": "assistant", "content": [{"type": "text", "text": "two"}]}),
    ]
    transcript = read_transcript("\n".join(lines).encode())
    assert [(m.message_idx, m.role) for m in transcript.messages] == [
        (0, "user"),
        (1, "assistant"),
        (2, "user"),
        (3, "assistant"),
    ]
    assert kinds(transcript, 1) == [BlockKind.TEXT, BlockKind.TOOL_USE]
    assert transcript.messages[2].blocks[0].tool == "Read"


def test_bare_lines_are_messages() -> None:
    """`{"role", "content"}` lines need no wrapping."""
    data = b'{"role":"user","content":"hi"}\n{"role":"assistant","content":"yes"}\n'
    assert [m.role for m in read_transcript(data).messages] == ["user", "assistant"]


def test_one_line_session_file_and_one_object_are_told_apart() -> None:
    """A single `{"role", "content"}` object is a session of one message; one with `messages` is a whole transcript."""
    assert len(read_transcript(b'{"role":"user","content":"hi"}').messages) == 1
    assert (
        len(
            read_transcript(
                b'\xef\xbb\xbf{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}'
            ).messages
        )
        == 2
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "UTF-16"),
        (b"", "no message"),
        (b'{"messages": 3}', "no list of messages"),
        (b'{"messages": [{"content": "x"}]}', "message 0"),
        (b'{"messages": [{"role": "user", "content": 5}]}', "message 0"),
        (b'{"messages": [{"role": "user", "content": [5]}]}', "message 0"),
        (b"[" * 100_000, "not JSON"),
        (b'{"type":"user","message":"x"}', "no message"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    """Every refusal is an InvalidEvent that says where and why."""
    with pytest.raises(InvalidEvent) as caught:
        read_transcript(data)
    assert reason in str(caught.value)


@pytest.mark.parametrize("depth", [100, 200, 900])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_call_with_a_deep_input_is_read(depth: int, opening: str) -> None:
    """Its input counts as long as it is nested like one; beyond that the call stands without it, and nothing ends in a recursion."""
    closing = "]" if opening == "[" else "}"
    given = json.loads(opening * depth + "1" + closing * depth)
    for named in ({"command": "make", "more": given}, given):
        block = call_block("Bash", named)
        assert (block.input is not None) == (isinstance(named, dict) and depth <= 100)
        assert "make" not in block.text or depth <= 100
    [call] = parse_flattened(f'[tool:Other] {{"a": {json.dumps(given)}}}')
    assert (call.input is not None) == (depth <= 100)


def test_a_refusal_is_of_the_latest_call_that_still_stands() -> None:
    """Two refusals are of two calls; one that no call is left for rejects nothing."""
    text = "[tool:Bash] a\n[tool:Read] b\n[tool:Bash] c\n" + "[tool_rejected_by_user:Bash]\n"
    assert [block.text for block in parse_flattened(text) if block.rejected] == ["c", ""]
    twice = parse_flattened(text + "[tool_rejected_by_user:Bash]\n" * 2)
    assert [block.text for block in twice if block.kind is BlockKind.TOOL_USE and block.rejected] == ["a", "c"]


def test_any_text_survives() -> None:
    """Emoji, right-to-left text, braces, quotes, backslashes and broken surrogates neither fail nor change the rest."""
    text = 'עברית 😀 {"a": [1]} \\n "quoted" {{x}} %s'
    data = json.dumps(
        {"messages": [{"role": "assistant", "content": text}, {"role": "user", "content": "\ud83d broken"}]}
    )
    transcript = read_transcript(data.encode())
    assert transcript.messages[0].blocks[0].text == text
    assert transcript.messages[1].blocks[0].text == "\ufffd broken"


def test_fifty_megabytes_are_read() -> None:
    """A transcript of 50 MB, one message of 10 MB among them, is read like any other."""
    long = "word " * 2_000_000
    entries = [
        {"role": "assistant", "content": long},
        *({"role": "user", "content": "x" * 40_000} for _ in range(1000)),
    ]
    assert len(read_transcript(json.dumps({"messages": entries}).encode()).messages) == 1001

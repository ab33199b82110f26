"""What a file is, is told from its content; what is not read is refused by its name, and nothing waits or fills the memory."""

import bz2
import gzip
import json
import lzma
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from unit.transcripts.written import claude, lines, people, prompt, reply, result, text

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.transcripts.entire import snapshots
from worker.formats.transcripts.opening import open_session, read_sessions
from worker.formats.transcripts.session import Harness

SESSION = lines(prompt("u1", None, "go", 1), reply("a1", "u1", text("Done."), second=9))

REFUSED = {
    "opencode export": json.dumps({"info": {"id": "x"}, "messages": [{"info": {}, "parts": []}]}).encode(),
    "VS Code chat session": json.dumps({"requesterUsername": "x", "requests": []}).encode(),
    "a VS Code chat": lines({"kind": 0, "v": {}}, {"kind": 1, "k": [], "v": 2}),
    "Cursor agent transcript": lines({"id": "1", "role": "user", "message": {"content": []}}),
    "Factory Droid session": lines({"type": "session_start", "id": "x"}, {"type": "message", "message": {}}),
    "pi or OpenClaw": lines({"type": "session", "version": 3, "id": "x"}, {"type": "message", "id": "y"}),
    "Codex `exec --json`": lines({"type": "thread.started", "thread_id": "x"}, {"type": "turn.started"}),
    "SWE-agent trajectory": json.dumps({"trajectory": [], "history": [], "info": {}}).encode(),
    "mini-SWE-agent": json.dumps([{"role": "system", "content": "```mswea_bash_command"}]).encode(),
    "SQLite database": b"SQLite format 3\0" + bytes(100),
    "gzip": gzip.compress(SESSION),
    "zip": b"PK\x03\x04" + bytes(30),
    "UTF-16 text": SESSION.decode().encode("utf-16"),
    "UTF-16": SESSION.decode().encode("utf-16-le"),
    "xz archive": lzma.compress(SESSION),
    "bzip2 archive": bz2.compress(SESSION),
    "tar archive": b"session.jsonl".ljust(257, b"x") + b"ustar\x0000",
    "UTF-32": SESSION.decode().encode("utf-32"),
    "binary": bytes(range(1, 9)) * 50,
    "no known assistant (initialized, process)": lines({"event": "process", "pid": 1}, {"event": "initialized"}),
    "not JSON, and no Markdown history": b"# Notes\n\nnothing\n",
    "holds no message": b"\n\n",
}


@pytest.mark.parametrize(("reason", "data"), REFUSED.items(), ids=REFUSED)
def test_what_is_not_read_is_refused_by_name(reason: str, data: bytes) -> None:
    """A refusal says what the file looks like."""
    with pytest.raises(InvalidEvent) as caught:
        open_session(data)
    assert reason in str(caught.value)


def test_the_files_name_means_nothing(tmp_path: Path) -> None:
    """A Claude Code session in a file with any name is a Claude Code session."""
    file = tmp_path / "rollout-gemini.md"
    file.write_bytes(SESSION)
    assert open_session(file).harness is Harness.CLAUDE_CODE


def test_the_format_is_looked_for_beyond_the_first_lines() -> None:
    """Comments, damage and metadata may stand before the first message."""
    head = [b"// a comment", b'{"cut":', *({"type": "last-prompt", "sessionId": "s"} for _ in range(1500))]
    assert people(open_session(lines(*head) + SESSION)) == ["go"]


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """A named pipe, a device, a folder and a missing file are refused at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path, tmp_path / "missing", Path("a\0b")):
        with pytest.raises(InvalidFile):
            open_session(path)


def test_subagents_files_are_folded_in(tmp_path: Path) -> None:
    """What lies in the session's folder stands where it happened, marked; a damaged file is counted, a link not followed."""
    file = tmp_path / "s1.jsonl"
    task = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "find"}}
    file.write_bytes(
        lines(
            prompt("u1", None, "go", 1),
            reply("a1", "u1", task, second=2),
            result("r1", "a1", "t1", "found", 8, is_error=True),
            reply("a2", "r1", text("Done."), second=9),
            prompt("u2", "a2", [text("[Request interrupted by user]")], 10),
        )
    )
    folder = tmp_path / "s1" / "subagents"
    (folder / "workflows").mkdir(parents=True)
    side: dict[str, Any] = {"isSidechain": True, "agentId": "b7"}
    (folder / "workflows" / "agent-b7.jsonl").write_bytes(
        lines(
            prompt("s1", None, "find", 3, **side),
            reply(
                "s2",
                "s1",
                {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "rg"}},
                second=4,
                **side,
            ),
            result("s3", "s2", "t2", "Exit code 1", 5, is_error=True, **side),
        )
    )
    (folder / "agent-b8.jsonl").write_bytes(b"damaged")
    (folder / "agent-b9.jsonl").symlink_to(file)
    session = open_session(file)
    assert [message.role for message in session.transcript.messages] == [
        "user",
        "assistant",
        "assistant",
        "user",
        "user",
        "assistant",
    ]
    assert session.subagents == {2: "b7", 3: "b7"}
    assert session.exit_codes == {(3, 0): 1}
    assert session.interruptions == (5,)
    assert people(session) == ["go"]
    assert session.skipped == {"subagent's file that cannot be read": 1}
    alone = open_session(folder / "workflows" / "agent-b7.jsonl")
    assert (alone.session_id, alone.parent_id) == ("b7", "s1")


def test_of_checkpoints_the_largest_of_a_session_is_taken(tmp_path: Path) -> None:
    """Snapshots of one session grow; each session is one file."""
    for number, data in enumerate(
        (SESSION, SESSION + lines(prompt("u2", "a1", "more")), SESSION.replace(b'"s1"', b'"s2"'))
    ):
        folder = tmp_path / f"a{number}" / "hash" / "0"
        folder.mkdir(parents=True)
        (folder / "full.jsonl").write_bytes(data)
        (folder / "metadata.json").write_text('{"agent": "Gemini CLI"}')
    (tmp_path / "full.jsonl").symlink_to("/dev/zero")
    read = {session.session_id: people(session) for file in snapshots(tmp_path) for session in read_sessions(file)}
    assert read == {"s1": ["go", "more"], "s2": ["go"]}


def test_progress_lines_take_no_memory(tmp_path: Path) -> None:
    """A file is read line by line: what is passed over is not kept."""
    file = tmp_path / "long.jsonl"
    progress = claude("progress", "p", "u1")
    del progress["uuid"]
    line = lines({**progress, "data": {"type": "agent_progress", "output": "x" * 4000}, "uuid": "p1", "timestamp": "t"})
    file.write_bytes(SESSION + line * 10_000)
    tracemalloc.start()
    try:
        session = open_session(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert file.stat().st_size > 40_000_000
    assert peak < 4_000_000
    assert people(session) == ["go"]

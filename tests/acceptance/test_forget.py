"""`groove forget` on the embedded stack: not one byte of a session stays, and nothing brings it back."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.waiting import wait_until
from unit.assessor.homes import make_home

from worker.settings import load_settings

MARKER = "quarkstrudel"
SECRET = "session-of-the-quarkstrudel"
ZSTD = b"\x28\xb5\x2f\xfd"

pytestmark = pytest.mark.timeout(240)


def test_not_one_byte_of_a_session_stays(groove: Groove) -> None:
    """Its text stood in payload, records and messages; data folder, logs and broker hold nothing of it, and values are as before."""
    learnings = write_learnings(groove.folder / "learnings.jsonl")
    others = write_events(groove.folder / "others.jsonl", sessions(4))
    both = write_events(groove.folder / "both.jsonl", [*sessions(4), marked()])
    groove("run", others, "--learnings", learnings)
    before = groove.json("values")
    groove("run", both)
    assert groove.json("values") != before
    parts = {file.partition("/")[0].partition(".")[0] for file in holding(groove.folder / ".groove")}
    assert parts == {"broker", "ledger", "store"}

    would = groove.json("forget", "--session", "session-of", "--dry-run")
    assert (would["sessions"], would["removed"]) == ([SECRET], False)
    assert would["places"]["store"] == {"records": 4}
    assert would["places"]["event log"] == {"groove.assessment/heavy": 1, "groove.attribution/sessions": 1}
    groove("forget", "--session", SECRET, status=1)
    assert set(holding(groove.folder / ".groove"))
    told = groove("forget", "--session", SECRET, "--yes")
    assert "forgotten" in told
    assert list(holding(groove.folder / ".groove")) == []
    assert groove.json("values") == before
    assert "nothing is kept" in groove("forget", "--session", SECRET, "--yes", status=1)

    groove("run", both)
    assert groove.json("values") == before
    assert SECRET not in {line["session_id"] for line in groove.json("sessions", "list")}


def test_the_sessions_of_a_project(groove: Groove, tmp_path: Path) -> None:
    """What was imported of a folder goes from the archive as well, and the next import leaves it out."""
    home = make_home(tmp_path / "home", sessions=2)
    word = "bun run check"
    folder, project = groove.folder / ".groove", ("--project", home.project)
    assert groove.json("import", *project, HOME=str(home.folder))["published"] == 2
    assert "sessions" in {file.partition("/")[0] for file in holding(folder, word)}
    told = groove.json("forget", *project, "--yes")
    assert told["sessions"] == ["s0", "s1"]
    assert told["places"]["archive"] == {"sessions": 2}
    assert list(holding(folder, word)) == []
    again = groove.json("import", *project, HOME=str(home.folder))
    assert again["published"] == 0
    assert list(holding(folder, word)) == []


def test_beside_a_running_stack(groove: Groove) -> None:
    """Its own parts do it, while workers and bridge go on; what is published of the session afterwards is left out."""
    write_learnings(groove.folder / "learnings.jsonl")
    file = write_events(groove.folder / "events.jsonl", [*sessions(2), marked()])
    stack = groove.start("up")
    run_dir = load_settings({"GROOVE_DATA_DIR": str(groove.folder / ".groove")}).run_dir
    wait_until((run_dir / "store.sock").exists, "the stack is up")
    groove("learnings", "import", groove.folder / "learnings.jsonl")
    groove("publish", file)
    wait_until(lambda: finished(groove) == 3, "three sessions are finished", seconds=90)
    groove("forget", "--session", SECRET, "--yes")
    assert list(holding(groove.folder / ".groove")) == []
    again = write_events(groove.folder / "again.jsonl", [marked(), sessions(3)[2]])
    groove("publish", again)
    wait_until(lambda: finished(groove) == 3, "three sessions are finished", seconds=90)
    assert SECRET not in {line["session_id"] for line in groove.json("sessions", "list")}
    stack.terminate()
    stack.wait(60)


def finished(groove: Groove) -> int:
    return sum(line["state"] == "finished" for line in groove.json("sessions", "list"))


def marked() -> dict[str, Any]:
    [event] = sessions(1, seed=3)
    said = [
        f"Please fix the {MARKER}",
        f"[tool:Bash] command=make fmt && git commit -m '{MARKER}'",
        f"[tool:Bash] command=rg -n {MARKER} src/",
    ]
    roles = ["user", "assistant", "assistant"]
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    signal = {"type": "negative", "pattern": f"no, the {MARKER}", "confidence": 0.9}
    return event | {
        "session_id": SECRET,
        "event_id": "an-event",
        "transcript": {"messages": messages},
        "lightweight_events": [{"message_idx": 2, "signals": [signal]}],
    }


def holding(folder: Path, word: str = MARKER) -> Iterator[str]:
    """Files with the word as it is, or in what was compressed."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if any(word.encode() in each for each in (content, *_unpacked(content))):
                yield str(path.relative_to(folder))


def _unpacked(content: bytes) -> Iterator[bytes]:
    place = content.find(ZSTD)
    while place >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(content[place : place + 100_000])
        place = content.find(ZSTD, place + 1)

"""What the parts log: one event a line with its ids, and nothing that a transcript or a secret holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import LEARNINGS, sessions, write_events, write_learnings

MARK = "zanzibar-4711"
#: Celery writes this past all loggers
FAREWELL = ("", "worker: Warm shutdown (MainProcess)")


@pytest.mark.timeout(300)
def test_lines_are_events_and_keep_silent(groove: Groove, tmp_path: Path) -> None:
    """A whole run with a session that fails in part, an event that cannot be read and one whose transcript is nonsense."""
    first, second, third = sessions(3)
    first["transcript"]["messages"].append({"role": "assistant", "content": f"the key is {MARK}"})
    second["outcome"] = MARK
    third["transcript"] = {"messages": [{"role": MARK, "content": {MARK: MARK}}]}
    learnings = write_learnings(tmp_path / "learnings.jsonl", tuple(LEARNINGS)[:-1])
    groove(
        "run",
        write_events(tmp_path / "events.jsonl", [first, second, third]),
        "--learnings",
        learnings,
        status=1,
        GROOVE_LOG__FORMAT="json",
        GROOVE_STORE_WRITE_TOKEN=f"token-{MARK}",
        GROOVE_LOCAL__WORKERS="1",
        GROOVE_WORKER__MAX_TRIES="1",
    )
    files = [path for path in (tmp_path / ".groove" / "logs").glob("*.log") if path.stem != "broker"]
    texts = [line for path in files for line in path.read_text().splitlines() if line not in FAREWELL]
    lines: list[dict[str, Any]] = [json.loads(text) for text in texts]
    assert {"bridge", "store", "worker-1"} <= {path.stem for path in files}
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert MARK not in json.dumps(lines)
    [failed] = [line for line in lines if line["event"] == "learning_failed" and line["session_id"] == "session-0"]
    assert failed["learning_id"] == tuple(LEARNINGS)[-1]
    assert "unknown learning" in failed["reason"]

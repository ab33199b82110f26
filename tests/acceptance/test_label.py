"""A person judges doubtful pairs at the terminal, and `groove calibrate` reads the labels as they lie."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings


def judge(groove: Groove, folder: Path, keys: str, count: int = 4) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "label", str(folder), "--count", str(count)],
        cwd=groove.folder,
        env=groove.environ(),
        input="".join(f"{key}\n" for key in keys),
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    return done.stdout


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.timeout(300)
def test_labels_are_given_undone_and_read(groove: Groove, tmp_path: Path) -> None:
    """Each learning's most doubtful pair first, with its quotes; an undo asks again; what has a label is not asked a second time."""
    groove("run", write_events(tmp_path / "e.jsonl", sessions(6)), "--learnings", write_learnings(tmp_path / "l.jsonl"))
    labels = tmp_path / "labels"
    shown = judge(groove, labels, "ynuysn")
    assert shown.count("used in session") == 6
    assert "message 1: " in shown
    kept = lines(labels / "labels.jsonl")
    assert [line["label"] for line in kept] == [1, 1, 0]
    assert len({line["learning_id"] for line in kept}) == 3
    assert {line["session_id"] for line in kept} <= {line["session_id"] for line in lines(labels / "sessions.jsonl")}
    before = {(line["session_id"], line["learning_id"]) for line in kept}
    judge(groove, labels, "nnnn")
    after = [(line["session_id"], line["learning_id"]) for line in lines(labels / "labels.jsonl")]
    assert (len(after), len(set(after))) == (7, 7)
    assert before < set(after)
    judge(groove, labels, "q")
    read = groove(
        *("calibrate", labels / "labels.jsonl", "--sessions", labels / "sessions.jsonl"),
        *("--learnings", labels / "learnings.jsonl"),
        status=1,
    )
    assert "needs at least 10 uses and 10 non-uses" in read

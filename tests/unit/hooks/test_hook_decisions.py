"""A snapshot alone gives the decisions that the store makes: shared vectors, computed by another program."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from worker.formats.hook_snapshot import marks_of, read_snapshot, snapshot_bytes
from worker.layers.ablation.assignment import is_withheld, uniform

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "hook_decisions.json").read_text("utf-8"))
CASES = pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: ascii(case["conversation"]))


def in_plain_python(snapshot: dict[str, Any], conversation: str) -> dict[str, str]:
    """As docs/integration.md writes it down."""
    decisions = {}
    for learning in snapshot["learnings"]:
        text = f"{snapshot['salt']}|{learning['unit']}|{conversation}"
        number = int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") / 2**64
        if learning["disabled"]:
            decisions[learning["id"]] = "excluded"
        else:
            decisions[learning["id"]] = "withhold" if number < learning["withhold_probability"] else "inject"
    return decisions


@CASES
def test_plain_python_decides_as_written_down(case: dict[str, Any]) -> None:
    """With the JSON as it stands in the file, and nothing of this project."""
    assert in_plain_python(VECTORS["snapshot"], case["conversation"]) == case["decisions"]


@CASES
def test_the_layers_decide_the_same(case: dict[str, Any]) -> None:
    """After a way through our own reader and writer; a section's learnings go together."""
    snapshot = read_snapshot(snapshot_bytes(read_snapshot(json.dumps(VECTORS["snapshot"]).encode())))
    for learning in snapshot.learnings:
        drawn = {"salt": snapshot.salt, "learning_id": learning.unit, "session_id": case["conversation"]}
        assert uniform(**drawn) == int(case["numbers"][learning.unit]) / 2**64
        if not learning.disabled:
            decided = is_withheld(**drawn, probability=learning.withhold_probability)
            assert case["decisions"][learning.id] == ("withhold" if decided else "inject")


@pytest.mark.parametrize(
    "edge", VECTORS["edges"], ids=lambda edge: f"{edge['conversation']}-{edge['withhold_probability']}"
)
def test_the_sixth_digit_decides(edge: dict[str, Any]) -> None:
    """Just below the number injects, just above withholds."""
    drawn = {"salt": VECTORS["snapshot"]["salt"], "learning_id": edge["unit"], "session_id": edge["conversation"]}
    assert is_withheld(**drawn, probability=edge["withhold_probability"]) is edge["withheld"]


def test_marks_are_short_and_tell_learnings_apart() -> None:
    """Those of the vectors, and ids of which one begins another."""
    learnings = VECTORS["snapshot"]["learnings"]
    assert marks_of(learning["id"] for learning in learnings) == {each["id"]: each["mark"] for each in learnings}
    assert marks_of(["abcdefgh", "abcdefghij", "x"]) == {"abcdefgh": "abcdefgh", "abcdefghij": "abcdefghi", "x": "x"}

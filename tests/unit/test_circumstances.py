"""Where and how a session ran is read from whichever producer's event, and never a reason to refuse it."""

import json

import pytest

from worker.domain import Circumstances
from worker.formats.circumstances import read_circumstances


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"context": {"project": "/w/p", "harness": "codex", "model": "m-1", "user_id": "kim"}},
            Circumstances(project="/w/p", harness="codex", model="m-1", user="kim"),
        ),
        (
            {"context": {"injection_scope": {"Project": "/w/p"}, "harness_type": {"Other": "aider"}}},
            Circumstances(project="/w/p", harness="aider"),
        ),
        (
            {"context": {"project_id": "org/p", "harness_type": "ClaudeCode", "injection_scope": {"User": "kim"}}},
            Circumstances(project="org/p", harness="ClaudeCode", user="kim"),
        ),
        ({"session_id": "s", "project": "flat", "model": "m"}, Circumstances(project="flat", model="m")),
        ({"context": {"project": " two\n lines "}}, Circumstances(project="two lines")),
        ({"context": {"project": "x" * 999}}, Circumstances(project="x" * 255)),
        ({"context": {"project": 7, "project_id": "", "harness_type": ["?"], "model": "\x1b[31m"}}, Circumstances()),
        ({}, Circumstances()),
    ],
    ids=["ours", "scope", "groove", "flat", "lines", "long", "nonsense", "nothing"],
)
def test_what_an_event_tells(document: dict[str, object], expected: Circumstances) -> None:
    """The most telling field first; what is no text on one line counts as not said."""
    assert read_circumstances(json.dumps(document).encode()) == expected

"""`groove adopt` and `groove restore` as a person uses them: shown first, moved with their ids, drawn by the hook, put back to the byte."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from assistant_standin.assistant import Assistant

from worker.formats.hook_trace import traces_in

pytestmark = pytest.mark.timeout(300)

RULES = """\
# Work here

## Tests

We test a lot.

- Always run `make check` before you say that you are done
- Never sleep in a test

## Style

- Prefer small functions 🦀
"""


@pytest.fixture
def project(groove: Groove) -> Path:
    folder = groove.folder
    (folder / "CLAUDE.md").write_text(RULES)
    (folder / "home").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def run(groove: Groove, *words: str, status: int = 0) -> str:
    return groove(*words, status=status, HOME=str(groove.folder / "home"))


def test_from_a_rules_file_to_the_assistant_and_back(groove: Groove, project: Path) -> None:
    """A section moves, a session is given it by the hook, an edit is kept, and restored the file is as it was."""
    run(groove, "import")
    ids = {row["learning"]["learning_id"] for row in groove.json("learnings", "list")["learnings"]}
    asked = subprocess.run(
        [sys.executable, "-m", "worker.cli", "adopt", "CLAUDE.md"],
        cwd=project,
        env=groove.environ(HOME=str(project / "home")),
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1
    assert "-- Never sleep in a test" in asked.stdout
    assert "of a section of 2 learnings, all drawn together, about" in asked.stderr
    assert (project / "CLAUDE.md").read_text() == RULES
    run(groove, "adopt", "CLAUDE.md", "--only", "Tests", "--yes")
    left = (project / "CLAUDE.md").read_text()
    assert "make check" not in left
    assert "Prefer small" in left
    managed = json.loads((project / ".groove/hook/managed.json").read_text())
    assert len(managed["learnings"]) == 2
    assert ids >= {each["id"] for each in managed["learnings"]}, "they keep the ids that import gave them"
    assert len({each["unit"] for each in managed["learnings"]}) == 1
    run(groove, "import")
    known = {row["learning"]["learning_id"]: row["value"] for row in groove.json("learnings", "list")["learnings"]}
    assert set(known) == ids | {each["id"] for each in managed["units"]}, "the managed file is a rules file too"
    assert {value["status"] for value in known.values()} == {"Active"}
    run(groove, "hook", "install", "claude-code", "--yes")
    session = Assistant(home=project / "home", environ={"PATH": os.environ["PATH"]}).start(project)
    (context,) = session.context
    (trace,) = traces_in([context])
    assert len(trace.injected + trace.withheld) == 2
    assert ("make check" in context) is bool(trace.injected)
    (project / "CLAUDE.md").write_text(left.replace("# Work here", "# How we work"))
    run(groove, "restore", "CLAUDE.md", "--yes")
    assert (project / "CLAUDE.md").read_text() == RULES.replace("# Work here", "# How we work")
    assert not (project / ".groove/learnings.md").exists()
    assert json.loads((project / ".groove/hook/managed.json").read_text())["learnings"] == []


def test_a_contradiction_is_shown_and_nothing_is_changed(groove: Groove, project: Path) -> None:
    """A line added just where learnings come back; `--original` puts the file back as it was at first."""
    run(groove, "adopt", "CLAUDE.md", "--unit", "bullet", "--yes")
    left = (project / "CLAUDE.md").read_text()
    edited = left.replace("We test a lot.\n\n", "We test a lot.\n\n- Mine\n")
    (project / "CLAUDE.md").write_text(edited)
    managed = (project / ".groove/learnings.md").read_text()
    told = run(groove, "restore", "--yes", status=1)
    assert "contradict" in told
    assert "+ - Mine" in told
    assert "make check" in told
    assert (project / "CLAUDE.md").read_text() == edited
    assert (project / ".groove/learnings.md").read_text() == managed
    run(groove, "restore", "--original", "--yes")
    assert (project / "CLAUDE.md").read_text() == RULES


@pytest.mark.parametrize("name", ["CLAUDE.local.md", "sub/CLAUDE.md", "notes.md"])
def test_what_is_not_everybody_s_is_not_moved(groove: Groove, project: Path, name: str) -> None:
    """A person's own rules, those for a part of the project, and what is no rules file: refused with the reason."""
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(RULES)
    assert name in run(groove, "adopt", name, "--yes", status=1)
    assert (project / name).read_text() == RULES

"""`groove adopt` and `groove hook switch` as programs call them: one object of JSON, or a refusal with its reason and nothing changed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove

pytestmark = pytest.mark.timeout(300)
RULES = "# Work here\n\n## Tests\n\n- Always run `make check`\n- Never sleep in a test\n\n## Style\n\n- Prefer small functions\n"


@pytest.fixture
def project(groove: Groove) -> Path:
    folder = groove.folder
    (folder / "AGENTS.md").write_text(RULES)
    (folder / "notes.md").write_text(RULES)
    (folder / "home").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def ask(groove: Groove, *words: str, status: int = 0) -> str:
    return groove(*words, "--json", status=status, HOME=str(groove.folder / "home"))


def told(groove: Groove, *words: str) -> Any:
    return json.loads(ask(groove, *words))


def test_adopting(groove: Groove, project: Path) -> None:
    """What moved, and how long a verdict takes; it asks nobody, and again there is nothing to do."""
    assert "add --yes" in ask(groove, "adopt", "AGENTS.md", status=2)
    assert "no rules file" in ask(groove, "adopt", "notes.md", "--yes", status=1)
    assert "no learning to move" in ask(groove, "adopt", "AGENTS.md", "--only", "nowhere", "--yes", status=1)
    assert (project / "AGENTS.md").read_text() == RULES
    assert not (project / ".groove/learnings.md").exists()
    done = told(groove, "adopt", "AGENTS.md", "--yes")
    managed = json.loads((project / ".groove/hook/managed.json").read_text())["learnings"]
    assert (done["file"], done["unit"], done["managed"]) == (
        "AGENTS.md",
        "section",
        str(project / ".groove/learnings.md"),
    )
    assert done["learnings"] == [each["id"] for each in managed]
    assert (done["left"], done["elsewhere"]) == ({}, {})
    alone, together = done["forecasts"]
    assert (alone["together"], together["together"]) == (1, 2)
    assert alone["sessions"] > together["sessions"] > 0
    assert "no learning to move" in ask(groove, "adopt", "AGENTS.md", "--yes", status=1)


def test_what_was_cut_short_is_finished(groove: Groove, project: Path) -> None:
    """Moved, and the hook never told, as in a new clone: adopting again tells it, and so does an import."""
    adopted = told(groove, "adopt", "AGENTS.md", "--yes")["learnings"]
    for words in (("adopt", "AGENTS.md", "--yes"), ("import",)):
        for name in ("managed.json", "snapshot.json"):
            (project / ".groove/hook" / name).unlink()
        again = told(groove, *words)
        assert again["learnings"] == []
        snapshot = json.loads((project / ".groove/hook/snapshot.json").read_text())
        assert {each["id"] for each in snapshot["learnings"]} == set(adopted)


def test_a_switchback(groove: Groove, project: Path) -> None:
    """Its files and the period; where a file could not be kept the object says why, and the status is 1."""
    assert "begins one" in ask(groove, "hook", "switch", status=1)
    told(groove, "adopt", "AGENTS.md", "--yes")
    adopted = (project / "AGENTS.md").read_text()
    assert "add --yes" in ask(groove, "hook", "switch", "AGENTS.md", status=2)
    assert "no rules file" in ask(groove, "hook", "switch", "notes.md", "--yes", status=1)
    assert "needs a FILE" in ask(groove, "hook", "switch", "--end", status=2)
    assert (project / "AGENTS.md").read_text() == adopted
    begun = told(groove, "hook", "switch", "AGENTS.md", "--every", "week", "--yes")
    assert begun["files"] == [{"file": "AGENTS.md", "is_current": True, "is_written": False, "reason": ""}]
    assert (begun["root"], begun["every"]) == (str(project), "week")
    assert len({*begun["period"]["injected"], *begun["period"]["withheld"]}) == 3
    switched = (project / "AGENTS.md").read_text()
    (project / "AGENTS.md").write_text(switched.replace("Learnings of", "Rules of"))
    (left,) = json.loads(ask(groove, "hook", "switch", status=1))["files"]
    assert (left["is_current"], left["is_written"]) == (False, False)
    assert "edited between the marks" in left["reason"]
    ended = told(groove, "hook", "switch", "AGENTS.md", "--end", "--yes")
    assert ended["files"] == []
    assert (project / "AGENTS.md").read_text() == adopted

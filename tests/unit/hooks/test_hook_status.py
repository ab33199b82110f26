"""`groove hook status`: what is installed, what the sessions show, what was recorded, and what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from assistant_standin.assistant import Assistant
from assistant_standin.hook_files import HookedProject, hooked_project
from click.testing import CliRunner

from worker.cli import groove

LEARNINGS = [("rule-1", "- In this repository one and one is two", 0.5), ("rule-2", "- Its parser is slow", 0.5)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HookedProject:
    project = hooked_project(tmp_path)
    project.snapshot(LEARNINGS)
    project.write_managed(LEARNINGS)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("HOME", str(project.home))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROOVE_DATA_DIR", str(project.root / ".groove"))
    return project


def status(*options: str) -> str:
    done = CliRunner().invoke(groove, ["hook", "status", *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def as_json() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status("--json"))
    return found


def test_nothing_is_installed(project: HookedProject) -> None:
    """It says what to do, also where nothing was adopted."""
    assert "groove hook install claude-code" in status()
    assert as_json()["sessions"] == 0
    assert as_json()["learnings"] == len(LEARNINGS)
    project.managed.unlink()
    project.folder.snapshot.unlink()
    assert "none adopted: groove adopt CLAUDE.md" in status()
    assert "nothing is drawn" not in status()


def test_what_sessions_show_and_what_was_recorded(project: HookedProject) -> None:
    """Two took part; one came while the snapshot was gone, and is told with the reason; runs have their times."""
    project.install()
    assistant = Assistant(home=project.home)
    for number in range(3):
        if number == 2:
            project.folder.snapshot.unlink()
        session = assistant.start(project.root)
        session.say("hello")
        session.end()
    found = as_json()
    assert (found["sessions"], found["given"], found["traced"], found["without"]) == (3, 3, 2, [])
    assert (found["runs"], found["failures"], len(found["durations"])) == (3, 0, 3)
    assert (found["recorded_sessions"], found["recorded_taking_part"], found["reasons"]) == (3, 2, {"no snapshot": 1})
    assert found["agreement"]["not_imported"] == 2
    told = status()
    assert "3: 3 were given learnings, 2 of them by a draw" in told
    assert "1 not: no snapshot" in told
    assert "none: all learnings are given" in told


@pytest.mark.parametrize(
    ("hurt", "wrong"),
    [
        ("gone", "is gone: install again"),
        ("old", "of another release"),
        ("long", "1 of 5 outputs"),
        ("off", "in this project, by the file .groove/hook/off"),
        ("off-claude-code", "for claude-code, by the file .groove/hook/off-claude-code"),
    ],
)
def test_what_is_wrong_is_told(project: HookedProject, hurt: str, wrong: str) -> None:
    """The hook's file, its release, learnings that outgrew it, and the switch."""
    project.install()
    hook = project.home / ".local/share/groove/groove_hook.py"
    if hurt == "gone":
        hook.unlink()
    elif hurt == "old":
        hook.write_text("pass\n")
    elif hurt == "long":
        project.write_managed([(f"rule-{number}", f"- {number} {'word ' * 1000}", 0.5) for number in range(5)])
    else:
        (project.folder.path / hurt).touch()
    assert wrong in status()

"""What session files show of the hook: runs with their times, failures, and sessions that have nothing of it."""

import json
from pathlib import Path

import pytest
from assistant_standin.assistant import Assistant
from assistant_standin.hook_files import HookedProject, hooked_project

from assessor.hooks.runs import runs_in


@pytest.fixture
def project(tmp_path: Path) -> HookedProject:
    project = hooked_project(tmp_path)
    learnings = [("rule-1", "- In this repository one and one is two", 0.5)]
    project.snapshot(learnings)
    project.write_managed(learnings)
    return project


def test_sessions_are_told_apart(project: HookedProject) -> None:
    """Before it was installed, drawn, given all for want of a snapshot, and one in which it was switched off."""
    assistant = Assistant(home=project.home)
    paths = []
    for number, state in enumerate(["before", "drawn", "all", "off"]):
        if state == "drawn":
            project.install()
        if state == "all":
            project.folder.snapshot.unlink()
        if state == "off":
            settings = project.home / ".claude/settings.json"
            settings.write_text("{}")
        session = assistant.start(project.root)
        session.say("hello")
        for line in session.lines:
            line["timestamp"] = line["timestamp"].replace("2026-10-01", f"2026-10-0{number + 1}")
        session.write()
        paths.append(session.path)
    with paths[1].open("a") as file:
        file.write("not json, with groove_hook.py\n[]\n")
    runs = runs_in([*paths, project.root / "gone.jsonl"])
    assert (runs.sessions, runs.given, runs.traced, runs.without) == (5, 2, 1, (paths[3],))
    assert (runs.runs, runs.failures, len(runs.durations)) == (2, 0, 2)


def test_failures_are_counted(tmp_path: Path) -> None:
    """An exit status, something on standard error, and what the assistant calls a failure; other tools' hooks are none of ours."""
    attachments = [
        {"type": "hook_success", "command": "python3 groove_hook.py", "exitCode": 0, "stderr": "", "durationMs": 12},
        {"type": "hook_success", "command": "python3 groove_hook.py", "exitCode": 0, "stderr": "oh", "durationMs": 30},
        {"type": "hook_non_blocking_error", "command": "python3 groove_hook.py", "exitCode": 1, "stderr": ""},
        {"type": "hook_cancelled", "command": "python3 groove_hook.py", "durationMs": 5000},
        {"type": "hook_success", "command": "other <!-- groove", "exitCode": 1},
    ]
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps({"type": "attachment", "attachment": each}) + "\n" for each in attachments))
    runs = runs_in([path])
    assert (runs.runs, runs.failures, runs.durations) == (4, 3, (12.0, 30.0, 5000.0))

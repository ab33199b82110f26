"""Archived sessions become events: once each, and again only when something about them changed."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.assessor.homes import Home, git, make_home, told
from unit.transcripts.written import lines, prompt, reply, result

from assessor.archive import Archive, open_archive
from assessor.belonging import Scope
from assessor.importing import Homes, Importer
from assessor.places import own_sessions
from assessor.reading import read_files
from assessor.rules.catalogue import Catalogue
from worker.formats.wire import parse_timestamp
from worker.system.clock import DAY

NOW = parse_timestamp("2026-10-02T00:00:00Z")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path / "archive") as opened:
        yield opened


def events(home: Home, archive: Archive, known: Catalogue | None = None, now: int = NOW) -> tuple[list[Any], Importer]:
    """What a run publishes, as events; it is remembered as published."""
    read_files(own_sessions({}, home.folder), archive, Scope(project=str(home.project)))
    importer = Importer(
        archive=archive, homes=Homes(home=home.folder), unit="bullet", now=now, catalogue=known or Catalogue()
    )
    project = importer.look(str(home.project))
    found = list(importer.events(project))
    for each in found:
        archive.published(each.session_id, event_id=each.event_id, assessment=each.assessment)
    return [json.loads(each.payload) for each in found], importer


def test_a_second_run_has_nothing_to_say(home: Home, archive: Archive) -> None:
    """One event a session; none the second time, and what was counted is counted again."""
    first, one = events(home, archive)
    assert sorted(event["context"]["session_id"] for event in first) == ["s0", "s1", "s2"]
    second, two = events(home, archive, one.catalogue)
    assert second == []
    assert (two.sessions, two.known_by, two.asked) == (one.sessions, one.known_by, one.asked)


def test_only_what_changed_is_said_again(home: Home, archive: Archive) -> None:
    """A session that grew, and one more; each newer than what was published of it."""
    first, one = events(home, archive)
    home.write("s0.jsonl", told(home, "s0", turns=2))
    home.write("s9.jsonl", told(home, "s9"))
    again, _ = events(home, archive, one.catalogue)
    assert sorted(event["context"]["session_id"] for event in again) == ["s0", "s9"]
    before = next(event for event in first if event["context"]["session_id"] == "s0")
    after = next(event for event in again if event["context"]["session_id"] == "s0")
    assert after["context"]["timestamp"] > before["context"]["timestamp"]


def test_failing_commands_that_a_rule_asks_for_are_counted(home: Home, archive: Archive) -> None:
    """The rule with the prefix: run in two of three sessions, failed in both, with the call and its answer."""
    found, importer = events(home, archive)
    rule = next(rule for rule in importer.catalogue.rules.values() if "rtk" in rule.text)
    asked = importer.asked[rule.learning_id]
    assert (asked.sessions, asked.failing_sessions, asked.calls, asked.failures) == (2, 2, 2, 2)
    told_most = asked.quotes.most_common(1)[0][0]
    assert told_most == "rtk bun run check → error: unrecognized subcommand 'run'"
    signals = [
        signal for event in found for each in event["context"]["lightweight_events"] for signal in each["signals"]
    ]
    assert {signal["detail"] for signal in signals if signal["type"] == "tool_failure"} == {told_most}


def test_a_copy_of_a_session_gives_no_event(home: Home, archive: Archive) -> None:
    """Its lines belong to the session that they were copied from, which is named."""
    entries = [json.loads(line) for line in told(home, "s0").splitlines()]
    home.write("copy.jsonl", lines(*({**entry, "sessionId": "copy"} for entry in entries)))
    found, importer = events(home, archive)
    assert len(found) == 3
    assert sorted([*importer.copies.keys(), *importer.copies.values()]) == ["copy", "s0"]


def test_survival_is_looked_up_after_a_week_and_after_a_month(home: Home, archive: Archive) -> None:
    """The session's edited lines stand after a week and are gone after a month: it is told anew each time, and only then."""
    where = {"sessionId": "e", "cwd": str(home.project)}
    edit = {"file_path": str(home.project / "a.py"), "content": "first = compute()\nsecond = compute()\n"}
    call = {"type": "tool_use", "id": "w", "name": "Write", "input": edit}
    entries = [
        prompt("e-a", None, "write it", 0, **where),
        reply("e-b", "e-a", call, second=1, **where),
        result("e-c", "e-b", "w", "written", 2, **where),
    ]
    home.write("e.jsonl", lines(*entries))
    (home.project / "a.py").write_text(str(edit["content"]))
    git(home.project, "add", ".")
    git(home.project, "commit", "-qm", "as written", at="2026-10-03T00:00:00Z")
    (home.project / "a.py").write_text("first = compute()\n")
    git(home.project, "commit", "-qam", "half of it", at="2026-10-20T00:00:00Z")
    shares = []
    catalogue = Catalogue()
    for days in (1, 8, 9, 31, 32):
        found, importer = events(home, archive, catalogue, now=NOW + days * DAY)
        catalogue = importer.catalogue
        mine = [event for event in found if event["context"]["session_id"] == "e"]
        parts = [part for event in mine for part in event["assessment"]["parts"] if part["kind"] == "survival"]
        shares.append([part["value"] for part in parts])
    assert shares == [[], [1.0], [], [0.0], []]


def test_rules_that_cannot_be_used_are_told_and_sessions_go_on(home: Home, archive: Archive) -> None:
    """A rules file of 5 MB is refused with its reason; the others and a thousand rules are learnings."""
    (home.project / "AGENTS.md").write_text("x" * 5_000_000)
    nested = home.project / "sub" / "CLAUDE.md"
    nested.parent.mkdir()
    nested.write_text("".join(f"- Always call function_{number} before step {number}\n" for number in range(1000)))
    found, importer = events(home, archive)
    assert len(found) == 3
    assert list(importer.projects[0].refused) == [home.project / "AGENTS.md"]
    assert len(importer.catalogue.rules) == 1003


@pytest.mark.parametrize("is_git", [True, False])
def test_no_rules_or_no_history_leaves_sessions_without_learnings(home: Home, archive: Archive, is_git: bool) -> None:
    """Sessions are read and assessed; nothing is claimed to have been in force."""
    (home.project / "CLAUDE.md").unlink()
    if not is_git:
        shutil.rmtree(home.project / ".git")
    found, importer = events(home, archive)
    assert len(found) == 3
    assert importer.catalogue.rules == {}
    assert all(event["context"]["active_learnings"] == [] for event in found)


def test_a_detached_and_shallow_clone_is_read(home: Home, archive: Archive) -> None:
    """Its one commit still tells the rules."""
    origin = home.folder / "origin"
    home.project.rename(origin)
    git(home.folder, "clone", "-q", "--depth", "1", f"file://{origin}", str(home.project))
    git(home.project, "checkout", "-q", "--detach")
    found, importer = events(home, archive)
    assert len(found) == 3
    assert importer.known_by.total() == 3

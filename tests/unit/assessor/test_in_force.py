"""Which rules were in force in a session: the transcript, then git, then edits in transcripts, else nobody knows."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from unit.assessor.told_sessions import MINUTE, STARTED, answers, calls, replies, says, session

from assessor.edits import EditLog
from assessor.git_history import GitHistory
from assessor.in_force import InForce, Source
from assessor.project import Project, look_at
from assessor.rules.catalogue import Catalogue
from assessor.session import assess
from assessor.survival import edited_lines, survival
from worker.formats.transcripts.session import Harness, ReadSession, RulesText
from worker.system.clock import DAY, HOUR, SECOND

OLD, NEW = "- Use tabs\n", "- Use tabs\n- Always prefix commands with rtk\n"


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, at: int = STARTED) -> str:
        when = f"{at // SECOND} +0000"
        environment = os.environ | {
            "GIT_COMMITTER_DATE": when,
            "GIT_AUTHOR_DATE": when,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def commit(self, text: str, *, at: int, name: str = "CLAUDE.md") -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.git("add", "-A", at=at)
        self.git("commit", "-q", "-m", "rules", at=at)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "p")


def looked(folder: Path, *, edits: EditLog | None = None) -> Project:
    return look_at(folder, home=folder.parent / "home", known=Catalogue(), now=1, edits=edits)


def texts(project: Project, found: InForce) -> list[str]:
    return [project.catalogue.rules[learning_id].text for learning_id in found.learning_ids]


def told(folder: Path, *, at: int = STARTED, **changes: object) -> ReadSession:
    return session(says("go"), cwd=str(folder), started_at=at, **changes)


def test_git_tells_the_version_of_that_time(repository: Repository) -> None:
    """Before a rule was committed it was not in force, from then on it was."""
    repository.commit(OLD, at=STARTED)
    repository.commit(NEW, at=STARTED + DAY)
    project = looked(repository.folder)
    before, after = (
        project.sources.in_force(told(repository.folder, at=at)) for at in (STARTED + HOUR, STARTED + 2 * DAY)
    )
    assert (texts(project, before), before.source) == (["Use tabs"], Source.GIT)
    assert texts(project, after) == ["Use tabs", "Always prefix commands with rtk"]


def test_before_the_first_commit_there_was_no_file(repository: Repository) -> None:
    """That is known, and no learning was in force."""
    repository.commit(NEW, at=STARTED + DAY)
    found = looked(repository.folder).sources.in_force(told(repository.folder))
    assert (found.learning_ids, found.source) == ((), Source.GIT)


def test_the_sessions_own_branch_counts(repository: Repository) -> None:
    """A rule on another branch was not in force; on a branch that is gone, what is checked out stands in."""
    repository.commit(OLD, at=STARTED)
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit(NEW, at=STARTED + HOUR)
    project = looked(repository.folder)
    later = STARTED + DAY
    found = {
        branch: len(project.sources.in_force(told(repository.folder, at=later, branch=branch)).learning_ids)
        for branch in ("main", "feature", "deleted", "HEAD", None)
    }
    assert found == {"main": 1, "feature": 2, "deleted": 2, "HEAD": 2, None: 2}


def test_a_merge_counts_from_the_merge_on(repository: Repository) -> None:
    """A commit that is older than its merge was not there before."""
    repository.commit(OLD, at=STARTED)
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit(NEW, at=STARTED + HOUR)
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "feature", at=STARTED + DAY)
    sources = looked(repository.folder).sources
    assert len(sources.in_force(told(repository.folder, at=STARTED + 2 * HOUR)).learning_ids) == 1
    assert len(sources.in_force(told(repository.folder, at=STARTED + 2 * DAY)).learning_ids) == 2


def test_a_shallow_clone_does_not_know_what_was_before(repository: Repository, tmp_path: Path) -> None:
    """Its oldest commit seems to add everything."""
    repository.commit(OLD, at=STARTED)
    repository.commit(NEW, at=STARTED + DAY)
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    history = GitHistory(repository=tmp_path / "shallow")
    assert history.at("CLAUDE.md", STARTED + HOUR, "main") is None
    known = history.at("CLAUDE.md", STARTED + 2 * DAY, "main")
    assert known is not None
    assert known.text == NEW


def test_a_partial_clone_does_not_know_what_it_lacks(repository: Repository) -> None:
    """A file whose text is elsewhere was not deleted; nothing is fetched for it. A file that was deleted is known to be gone."""
    repository.commit(OLD, at=STARTED)
    lost = repository.git("rev-parse", "HEAD:CLAUDE.md").strip()
    (repository.folder / "CLAUDE.md").unlink()
    repository.git("commit", "-qam", "gone", at=STARTED + DAY)
    (repository.folder / ".git/objects" / lost[:2] / lost[2:]).unlink()
    history = GitHistory(repository=repository.folder)
    assert history.at("CLAUDE.md", STARTED + HOUR, "main") is None
    gone = history.at("CLAUDE.md", STARTED + 2 * DAY, "main")
    assert gone is not None
    assert gone.text is None


def test_a_detached_head_and_a_folder_below_the_top(repository: Repository) -> None:
    """The project may be a part of the repository."""
    repository.commit(OLD, at=STARTED, name="web/CLAUDE.md")
    repository.git("checkout", "-q", "--detach")
    found = looked(repository.folder / "web").sources.in_force(told(repository.folder / "web", at=STARTED + HOUR))
    assert (len(found.learning_ids), found.source) == (1, Source.GIT)


def test_without_a_repository_an_unchanged_file_says_since_when(tmp_path: Path) -> None:
    """Its time says "unchanged since", and before that nobody knows."""
    (tmp_path / "p").mkdir()
    file = tmp_path / "p" / "CLAUDE.md"
    file.write_text(OLD, encoding="utf-8")
    os.utime(file, (STARTED // SECOND, STARTED // SECOND))
    sources = looked(tmp_path / "p").sources
    after, before = (sources.in_force(told(tmp_path / "p", at=at)) for at in (STARTED + HOUR, STARTED - HOUR))
    assert (len(after.learning_ids), after.source) == (1, Source.UNCHANGED)
    assert (before.learning_ids, before.source) == ((), Source.UNKNOWN)
    assert before.files == {str(file): Source.UNKNOWN}


def test_edits_in_transcripts_tell_the_text_before_them(tmp_path: Path) -> None:
    """Where git is silent, the edit is undone for an earlier session; a later change by hand makes it unknown."""
    (tmp_path / "p").mkdir()
    file = tmp_path / "p" / "CLAUDE.local.md"
    file.write_text(NEW, encoding="utf-8")
    edited_at = STARTED + MINUTE
    edit = calls(
        "Edit", file_path=str(file), old_string="tabs\n", new_string="tabs\n- Always prefix commands with rtk\n"
    )
    log = EditLog()
    log.learn(session(says("add it"), edit, answers(tool="Edit")), ["CLAUDE.local.md"])
    os.utime(file, (edited_at // SECOND, edited_at // SECOND))
    project = looked(tmp_path / "p", edits=log)
    found = project.sources.in_force(told(tmp_path / "p", at=STARTED - HOUR))
    assert (texts(project, found), found.source) == (["Use tabs"], Source.EDIT)
    os.utime(file, ((edited_at + HOUR) // SECOND, (edited_at + HOUR) // SECOND))
    by_hand = looked(tmp_path / "p", edits=log).sources.in_force(told(tmp_path / "p", at=STARTED - HOUR))
    assert by_hand.source is Source.UNKNOWN


def test_the_transcript_comes_first(repository: Repository) -> None:
    """Its text is what the assistant saw, whatever git says; a listing of all files leaves nothing to ask."""
    repository.commit(NEW, at=STARTED)
    project = looked(repository.folder)
    seen = RulesText(path="/elsewhere/CLAUDE.md", text=OLD, reason="session_start")
    found = project.sources.in_force(told(repository.folder, at=STARTED + HOUR, rules=(seen,)))
    assert (texts(project, found), found.source) == (["Use tabs"], Source.TRANSCRIPT)


def test_a_nested_file_in_the_transcript_answers_for_itself_only(repository: Repository) -> None:
    """The others are asked of git, and the weaker source is the session's."""
    repository.commit("- Use bun\n", at=STARTED, name="web/CLAUDE.md")
    repository.commit(OLD, at=STARTED)
    project = looked(repository.folder)
    seen = RulesText(path=str(repository.folder / "web/CLAUDE.md"), text="- Use bun\n", message_idx=2, reason="nested")
    found = project.sources.in_force(told(repository.folder, at=STARTED + HOUR, rules=(seen,)))
    assert sorted(texts(project, found)) == ["Use bun", "Use tabs"]
    assert found.source is Source.GIT
    assert sorted(found.files.values()) == [Source.GIT, Source.TRANSCRIPT]


def test_nested_files_count_where_one_below_was_read(repository: Repository) -> None:
    """Reading a file loads the rules of its folder; another assistant loads other files."""
    repository.commit("- Use bun\n", at=STARTED, name="web/CLAUDE.md")
    project = looked(repository.folder)
    reading = session(
        says("go"),
        calls("Read", file_path=str(repository.folder / "web/a.ts")),
        answers(tool="Read"),
        cwd=str(repository.folder),
        started_at=STARTED + HOUR,
    )
    assert len(project.sources.in_force(reading).learning_ids) == 1
    assert not project.sources.in_force(told(repository.folder, at=STARTED + HOUR)).learning_ids
    assert not project.sources.in_force(replace(reading, harness=Harness.CODEX)).learning_ids


def test_without_rules_or_times_nothing_is_claimed(tmp_path: Path, repository: Repository) -> None:
    """No rules at all, and a session whose time nobody knows."""
    (tmp_path / "empty").mkdir()
    assert looked(tmp_path / "empty").sources.in_force(told(tmp_path / "empty")) == InForce()
    repository.commit(OLD, at=STARTED)
    timeless = told(repository.folder, ended_at=None)
    found = looked(repository.folder).sources.in_force(replace(timeless, started_at=None))
    assert (found.learning_ids, found.source) == ((), Source.UNKNOWN)


EDITS = (
    calls("Write", file_path="/w/a.py", content="first = line_one()\nsecond = line_two()\n}\n"),
    answers(tool="Write"),
    calls("Edit", file_path="/w/a.py", old_string="second = line_two()", new_string="second = line_2()"),
    answers(tool="Edit"),
    calls("Write", file_path="/elsewhere/b.py", content="not_this = project()\n"),
    answers(tool="Write"),
    calls("Edit", file_path="/w/a.py", old_string="first = line_one()", new_string="never = happened()"),
    answers(tool="Edit", error=True),
)


def test_edited_lines_are_those_left_at_the_end() -> None:
    """Replaced, failed and foreign edits leave none; a brace says nothing."""
    assert edited_lines(session(says("go"), *EDITS)) == {"a.py": {"first = line_one()": 1, "second = line_2()": 1}}


def test_survival_is_the_share_still_there(repository: Repository) -> None:
    """Looked up on the branch at +7 days; before that, and where nothing was committed since, nobody knows."""
    made = session(says("go"), *EDITS)
    assert made.ended_at is not None
    repository.commit("x", at=made.ended_at - DAY)
    assert survival(made, GitHistory(repository=repository.folder), days=7, now=made.ended_at + 8 * DAY) is None
    repository.commit("first = line_one()\nother = thing()\n", at=made.ended_at + DAY, name="a.py")
    repository.commit("all gone\n", at=made.ended_at + 8 * DAY, name="a.py")
    history = GitHistory(repository=repository.folder)
    assert survival(made, history, days=7, now=made.ended_at + 6 * DAY) is None
    assert survival(made, history, days=7, now=made.ended_at + 31 * DAY) == 0.5
    assert survival(made, history, days=30, now=made.ended_at + 31 * DAY) == 0.0


def test_a_session_is_assessed_in_one_call(repository: Repository) -> None:
    """Rules, signals and the outcome, which a later look at its lines changes."""
    repository.commit(OLD, at=STARTED - DAY)
    made = session(says("go"), *EDITS, replies("done"), cwd="/w")
    assert made.ended_at is not None
    repository.commit("first = line_one()\nsecond = line_2()\n", at=made.ended_at + DAY, name="a.py")
    project = looked(repository.folder)
    now, later = (
        assess(made, project.sources, project.catalogue.rules, now=made.ended_at + days * DAY) for days in (0, 10)
    )
    assert (now.outcome.value, now.looks) == (None, 0)
    assert (later.outcome.value, later.looks) == (1.0, 1)
    event = later.event(ended_at=0, revision=later.looks)
    assert event["context"]["active_learnings"] == list(project.catalogue.rules)
    assert event["context"]["in_force"] == "git"

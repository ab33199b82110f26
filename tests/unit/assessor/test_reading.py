"""Session files into the archive: what is read, what is a copy, what is refused, and what is none of them."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.assessor.homes import Home, make_home, told
from unit.transcripts.written import bash, lines, reply, result

from assessor.archive import Archive, FileState, open_archive
from assessor.belonging import Scope
from assessor.places import named_sessions, own_sessions
from assessor.reading import Reading, read_files
from assessor.report import FileReport
from worker.formats.wire import parse_timestamp

#: the user who owns nothing
_NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path / "archive") as opened:
        yield opened


def imported(home: Home, archive: Archive, since: int | None = None) -> Reading:
    scope = Scope(project=str(home.project), since=since)
    return read_files(own_sessions({}, home.folder), archive, scope)


def named(path: Path, home: Home, archive: Archive) -> dict[str, FileState]:
    scope = Scope(project=str(home.project), named=frozenset([path]))
    return {file.name: entry.state for file, entry in read_files(named_sessions([path]), archive, scope).files.items()}


def states(reading: Reading) -> Counter[FileState]:
    return Counter(entry.state for entry in reading.files.values())


def test_what_has_not_changed_is_not_read_again(home: Home, archive: Archive) -> None:
    """A second look reads nothing, a file that grew is read again and replaces what was known of its session."""
    assert imported(home, archive).changed == 3
    assert imported(home, archive).changed == 0
    home.write("s0.jsonl", told(home, "s0", turns=2))
    again = imported(home, archive)
    assert (again.changed, states(again)) == (1, {FileState.READ: 3})
    kept = archive.transcript("s0")
    assert kept is not None
    assert len(kept.transcript.messages) == 8
    assert len(archive.sessions()) == 3


def test_other_projects_and_earlier_sessions_stand_beside(home: Home, archive: Archive) -> None:
    """Neither counts as found, and what is asked for next time is read then."""
    home.write("x.jsonl", told(home, "x", cwd=home.folder / "w" / "other"), home.sessions.parent / "-w-other")
    late = imported(home, archive, since=parse_timestamp("2026-10-02T00:00:00Z"))
    assert states(late) == {FileState.EARLIER: 3, FileState.ELSEWHERE: 1}
    assert FileReport.of(late.files, {}).found == 0
    assert states(imported(home, archive)) == {FileState.READ: 3, FileState.ELSEWHERE: 1}


def test_of_a_sessions_snapshots_the_largest_is_read(home: Home, archive: Archive, tmp_path: Path) -> None:
    """In whatever folder order; also when the larger one comes later, and when the smaller one does."""
    folder = tmp_path / "checkpoints"
    home.write("full.jsonl", told(home, "e", turns=3), folder / "aa")
    home.write("full.jsonl", told(home, "e", turns=2), folder / "bb")
    scope = Scope(project=str(home.project), named=frozenset([folder]))
    first = read_files(named_sessions([folder]), archive, scope)
    assert {path.parent.name: entry.state for path, entry in first.files.items()} == {
        "aa": FileState.READ,
        "bb": FileState.COPY,
    }
    assert next(e.reason for e in first.files.values() if e.reason) == "an earlier snapshot of session e"
    home.write("full.jsonl", told(home, "e", turns=4), folder / "cc")
    later = read_files(named_sessions([folder]), archive, scope)
    assert sorted(path.parent.name for path, entry in later.files.items() if entry.state is FileState.COPY) == [
        "aa",
        "bb",
    ]
    kept = archive.transcript("e")
    assert kept is not None
    assert len(kept.transcript.messages) == 16


def test_subagents_files_are_parts_of_their_session(home: Home, archive: Archive) -> None:
    """They are no session files of their own; one whose session is missing is."""
    home.write("agent-1.jsonl", told(home, "s0"), home.sessions / "s0" / "subagents")
    home.write("agent-2.jsonl", told(home, "gone"), home.sessions / "gone" / "subagents")
    assert sorted(path.name for path in imported(home, archive).files) == [
        "agent-2.jsonl",
        "s0.jsonl",
        "s1.jsonl",
        "s2.jsonl",
    ]


def test_a_subagents_file_that_changes_alone_has_its_session_read_again(home: Home, archive: Archive) -> None:
    """A new one, and one that grew: what the session's own file holds stays the same."""
    imported(home, archive)
    for turns in (1, 2):
        home.write("agent-1.jsonl", told(home, "sub", turns=turns), home.sessions / "s0" / "subagents")
        assert imported(home, archive).changed == 1
        kept = archive.transcript("s0")
        assert kept is not None
        assert len(kept.subagents) == 4 * turns
    assert imported(home, archive).changed == 0


def test_a_gemini_session_is_the_projects_whose_hash_it_names(home: Home, archive: Archive) -> None:
    """It names no folder; another project's hash, and none at all, stand beside."""
    hashes = {"ours": hashlib.sha256(str(home.project).encode()).hexdigest(), "other": "0" * 64, "unknown": "h"}
    for name, project in hashes.items():
        said = [{"id": "1", "type": "user", "timestamp": "2026-10-01T10:00:00Z", "content": [{"text": "read it"}]}]
        document = {"sessionId": name, "projectHash": project, "messages": said}
        home.write(f"session-{name}.json", json.dumps(document).encode(), home.folder / ".gemini/tmp" / name / "chats")
    found = imported(home, archive).files
    assert {path.stem: entry.state for path, entry in found.items() if path.suffix == ".json"} == {
        "session-ours": FileState.READ,
        "session-other": FileState.ELSEWHERE,
        "session-unknown": FileState.ELSEWHERE,
    }


def test_a_file_of_200_mb_is_read(home: Home, archive: Archive) -> None:
    """Whole: each call and each answer is there."""
    where = {"sessionId": "big", "cwd": str(home.project)}
    with home.write("big.jsonl", told(home, "big")).open("ab") as file:
        before = "big-0-d"
        for number in range(200):
            ids = f"c{number}", f"r{number}"
            call = reply(ids[0], before, bash(f"x{number}", "cat log"), second=4, **where)
            file.write(lines(call, result(ids[1], ids[0], f"x{number}", "word " * 200_000, 4, **where)))
            before = ids[1]
    assert (home.sessions / "big.jsonl").stat().st_size > 200_000_000
    assert states(imported(home, archive)) == {FileState.READ: 4}
    kept = archive.transcript("big")
    assert kept is not None
    assert len(kept.transcript.messages) == 404


def test_documents_in_a_named_folder_are_no_refusals(home: Home, archive: Archive, tmp_path: Path) -> None:
    """A README and a package.json are other files; a damaged session, and a document named itself, are refused."""
    folder = tmp_path / "mixed"
    home.write("README.md", b"# Read me\n", folder)
    home.write("package.json", b'{"name": "demo"}\n', folder)
    home.write("cut.jsonl", b'{"type": "user", "mess\n', folder)
    home.write("s.jsonl", told(home, "m"), folder)
    assert named(folder, home, archive) == {
        "README.md": FileState.OTHER,
        "package.json": FileState.OTHER,
        "cut.jsonl": FileState.REFUSED,
        "s.jsonl": FileState.READ,
    }
    assert named(folder / "README.md", home, archive) == {"README.md": FileState.REFUSED}


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(home: Home, archive: Archive, tmp_path: Path) -> None:
    """A pipe, a link out of the tree, a binary, a database and NUL runs: a reason each, and every other session is there."""
    os.mkfifo(home.sessions / "pipe.jsonl")
    (home.sessions / "out.jsonl").symlink_to(home.write("far.jsonl", told(home, "far"), tmp_path))
    home.write("binary.jsonl", bytes(range(1, 9)) * 2000)
    home.write("base.jsonl", b"SQLite format 3\0" + bytes(100))
    home.write("torn.jsonl", told(home, "torn") + bytes(5000) + b'\n{"type":"assis')
    found = imported(home, archive)
    assert {path.name for path, entry in found.files.items() if entry.state is FileState.READ} == {
        *("s0.jsonl", "s1.jsonl", "s2.jsonl", "torn.jsonl"),
    }
    reasons = {path.name: entry.reason for path, entry in found.files.items() if entry.state is FileState.REFUSED}
    assert "regular" in reasons["pipe.jsonl"]
    assert "leads out" in reasons["out.jsonl"]
    assert "binary" in reasons["binary.jsonl"]
    assert "SQLite" in reasons["base.jsonl"]
    report = FileReport.of(found.files, {})
    assert report.found == sum(report.states.values()) == 8
    assert found.skipped.total() >= 1


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """For the length of the block as a user who may not open everything; root may."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_may_not_be_opened_is_named(archive: Archive) -> None:
    """Its own line, and the others are read; so is a whole assistant's."""
    with tempfile.TemporaryDirectory(dir=Path(os.sep, "tmp")) as made:
        Path(made).chmod(0o755)
        home = make_home(Path(made) / "home")
        closed = home.sessions.parent / "-closed"
        closed.mkdir(mode=0)
        (home.folder / ".codex").mkdir(mode=0)
        with as_nobody():
            found = list(own_sessions({}, home.folder))
        reading = read_files(found, archive, Scope(project=str(home.project)))
    assert states(reading) == {FileState.READ: 3, FileState.REFUSED: 3}
    assert reading.files[closed].reason == "cannot be opened: Permission denied"


def test_what_was_forgotten_is_not_read_again(home: Home, archive: Archive) -> None:
    """It is told as forgotten, even when its file changes."""
    imported(home, archive)
    archive.forget(["s1"])
    home.write("s1.jsonl", told(home, "s1", turns=2))
    assert states(imported(home, archive)) == {FileState.READ: 2, FileState.FORGOTTEN: 1}

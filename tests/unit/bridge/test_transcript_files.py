"""A session's `transcript_path` may be read below one folder, as a regular file of a bounded size, and nowhere else."""

import os
from pathlib import Path

import pytest

from bridge.maintenance.transcript_files import read_transcript_file
from worker.errors import InvalidEvent

TEXT = b'{"type": "assistant"}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a transcript in it, and a secret beside it."""
    folder = tmp_path / "transcripts"
    (folder / "project").mkdir(parents=True)
    (folder / "project" / "s.jsonl").write_bytes(TEXT)
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


def read(path: str, root: Path | None, max_bytes: int = 1000) -> bytes | None:
    return read_transcript_file(path, root=root, max_bytes=max_bytes)


def test_what_lies_below_the_folder_is_read(root: Path) -> None:
    """By a relative path, by an absolute one, and through a link that stays inside."""
    (root / "link").symlink_to(root / "project" / "s.jsonl")
    for path in ("project/s.jsonl", str(root / "project" / "s.jsonl"), "project/../project/s.jsonl", "link"):
        assert read(path, root) == TEXT


@pytest.mark.parametrize("path", ["../secret", "project/../../secret", "{outside}", "link", "folder/secret"])
def test_what_lies_elsewhere_is_refused(root: Path, path: str) -> None:
    """By dots, by an absolute path, by a link to a file and through a link to a folder."""
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent)
    with pytest.raises(InvalidEvent, match=r"outside of bridge\.transcript_root"):
        read(path.format(outside=root.parent / "secret"), root)


def test_a_folder_whose_name_only_begins_alike_is_elsewhere(root: Path) -> None:
    """`transcripts-of-others` is not below `transcripts`."""
    others = root.with_name("transcripts-of-others")
    others.mkdir()
    (others / "s.jsonl").write_bytes(TEXT)
    with pytest.raises(InvalidEvent, match="outside"):
        read("../transcripts-of-others/s.jsonl", root)


def test_without_a_folder_nothing_is_read() -> None:
    """The message names the setting."""
    with pytest.raises(InvalidEvent, match=r"bridge\.transcript_root"):
        read("s.jsonl", None)


def test_what_is_not_there_yet_is_waited_for(root: Path) -> None:
    """The file, and the folder that it will lie in."""
    assert read("later.jsonl", root) is None
    assert read("later/s.jsonl", root) is None
    assert read("project/s.jsonl/below-a-file", root) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_yet_is_waited_for(root: Path) -> None:
    """Whoever writes it may set its permissions last."""
    (root / "project" / "s.jsonl").chmod(0)
    assert read("project/s.jsonl", root) is None


def test_a_file_that_is_too_large(root: Path) -> None:
    """One byte more than the limit is refused; the limit itself is not."""
    assert read("project/s.jsonl", root, max_bytes=len(TEXT)) == TEXT
    with pytest.raises(InvalidEvent, match="larger than"):
        read("project/s.jsonl", root, max_bytes=len(TEXT) - 1)


def test_a_pipe_is_refused_at_once(root: Path) -> None:
    """Nobody writes to it, and nobody waits for that."""
    os.mkfifo(root / "pipe")
    with pytest.raises(InvalidEvent, match="not a regular file"):
        read("pipe", root)


def test_a_folder_is_no_transcript(root: Path) -> None:
    """It is refused, for it will never become one."""
    with pytest.raises(InvalidEvent, match="not a regular file"):
        read("project", root)


@pytest.mark.parametrize("path", ["a\x00b", "loop"])
def test_a_path_that_is_none(root: Path, path: str) -> None:
    """A byte that no path has, and links that lead to each other, are refusals, never crashes."""
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(InvalidEvent, match="transcript_path"):
        read(path, root)


def test_a_name_that_is_too_long(root: Path) -> None:
    """No file has it."""
    assert read("x" * 5000, root) is None

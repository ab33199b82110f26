"""Files that a command writes."""

import os
import stat
from pathlib import Path

import pytest

from worker.system.files import written_whole


def write(path: Path, text: str) -> None:
    with written_whole(path) as output:
        output.write(text)


def test_a_file_is_replaced_by_a_whole_one(tmp_path: Path) -> None:
    """New text in place of the old, with the old file's rights, and nothing left beside it."""
    path = tmp_path / "export.jsonl"
    path.write_text("older")
    path.chmod(0o640)
    write(path, "newer é")
    assert path.read_text(encoding="utf-8") == "newer é"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def _begin_and_fail(path: Path, failure: type[BaseException]) -> None:
    with written_whole(path) as output:
        output.write("half")
        raise failure


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_a_failure_leaves_the_older_file(tmp_path: Path, failure: type[BaseException]) -> None:
    """Whatever ends the writing, the older file stays as it was, and what was begun is gone."""
    path = tmp_path / "export.jsonl"
    path.write_text("older")
    with pytest.raises(failure):
        _begin_and_fail(path, failure)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    """As the process's mask says, not those of a temporary file."""
    before = os.umask(0o027)
    try:
        write(tmp_path / "new", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_what_a_link_points_at_is_replaced(tmp_path: Path) -> None:
    """The link stays a link."""
    (tmp_path / "real").write_text("older")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "newer")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "newer"


def test_a_dash_is_standard_output(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of that name comes to be."""
    monkeypatch.chdir(tmp_path)
    write(Path("-"), "text")
    write(Path("/dev/stdout"), "more")
    assert capfd.readouterr().out == "textmore"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As the `OSError` that opening the file would raise."""
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "none" / "file"):
        pass

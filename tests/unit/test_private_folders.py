"""Folders that hold transcripts, tokens and sockets are their user's alone, or are refused."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from worker.errors import ConfigurationError
from worker.ledger import open_ledger
from worker.operations.connections import open_the_ledger
from worker.settings import load_settings
from worker.settings.folders import check_ours, make_data_folder, make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_folder_is_made_for_its_user_only(tmp_path: Path) -> None:
    """Whatever the umask says."""
    make_private(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


def test_git_takes_nothing_of_a_data_folder_but_what_people_edit(tmp_path: Path) -> None:
    """Whoever says `git add .` in a project after an import gives away no transcript, no ledger and no token."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    settings = load_settings({"GROOVE_DATA_DIR": str(tmp_path / ".groove")})
    with open_the_ledger(settings):
        pass
    (tmp_path / ".groove" / "tokens").write_text("secret")
    (tmp_path / ".groove" / "learnings.md").write_text("- learning")
    added = subprocess.run(["git", "add", "-n", "."], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert (tmp_path / ".groove" / "ledger.sqlite").exists()
    assert added.split("\n") == ["add '.groove/.gitignore'", "add '.groove/learnings.md'", ""]


def test_a_gitignore_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """A person may want it otherwise."""
    (tmp_path / ".gitignore").write_text("*.log\n")
    make_data_folder(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"


@pytest.mark.parametrize("was", [0o755, 0o777, 0o2770])
def test_an_open_folder_is_closed(was: int, tmp_path: Path) -> None:
    """One that an earlier release made, or a person: what is in it stays, and others are kept out from now on."""
    folder = tmp_path / "old"
    folder.mkdir()
    folder.chmod(was)
    (folder / "ledger.sqlite").touch()
    make_private(folder)
    assert mode(folder) & 0o077 == 0
    assert (folder / "ledger.sqlite").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("kind", ["a folder", "a link to a folder", "a link of theirs"])
def test_a_folder_of_somebody_else_is_refused(kind: str, tmp_path: Path) -> None:
    """Its owner could read and exchange what is in it; one line says whose it is, whatever is asked."""
    taken, real = tmp_path / "taken", tmp_path / "real"
    real.mkdir()
    if kind == "a folder":
        taken.mkdir()
    else:
        taken.symlink_to(real)
    os.chown(real if kind == "a link to a folder" else taken, 65534, 65534, follow_symlinks=False)
    for refused in (lambda: make_private(taken), lambda: load_settings({"GROOVE_DATA_DIR": str(taken)})):
        with pytest.raises(ConfigurationError, match="belongs to user 65534") as told:
            refused()
        assert "\n" not in str(told.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_run_folder_that_somebody_made_first_is_refused(tmp_path: Path) -> None:
    """With a long data folder the sockets lie where everybody may make folders."""
    environ = {"GROOVE_DATA_DIR": str(tmp_path / ("x" * 110))}
    run = load_settings(environ).run_dir
    run.mkdir(mode=0o777)
    try:
        os.chown(run, 65534, 65534)
        with pytest.raises(ConfigurationError, match="belongs to user 65534"):
            load_settings(environ)
    finally:
        run.rmdir()


def test_what_is_not_there_belongs_to_nobody(tmp_path: Path) -> None:
    """It is made when it is needed."""
    check_ours(tmp_path / "none")
    check_ours(tmp_path / "none" / "either")


@pytest.mark.usefixtures("open_umask")
def test_a_new_ledger_is_for_its_user_only(tmp_path: Path) -> None:
    """Also where it lies outside of the data folder; its log takes after it."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.now()
    assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
    ledger.dispose()

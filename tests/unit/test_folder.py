"""The data folder of a stack, and what of it lies elsewhere."""

from pathlib import Path

import pytest

from worker.errors import ConfigurationError
from worker.local.folder import is_owned, owned_folder, tidied_run_dir
from worker.settings import Settings, load_settings


def of(folder: Path) -> Settings:
    return load_settings({"GROOVE_DATA_DIR": str(folder)})


def test_a_folder_belongs_to_one(tmp_path: Path) -> None:
    """For the length of the block."""
    settings = of(tmp_path / "data")
    with owned_folder(settings):
        assert is_owned(settings)
        with pytest.raises(ConfigurationError, match="in use by another stack"), owned_folder(settings):
            pass
        assert is_owned(settings)
    assert not is_owned(settings)


def test_what_killed_workers_left_goes_at_the_next_start(tmp_path: Path) -> None:
    """The folders of their shared memory; signs of life stay."""
    settings = of(tmp_path / "data")
    (settings.run_dir / "pymp-of-a-killed-worker").mkdir(parents=True)
    (settings.run_dir / "worker-1.alive").touch()
    with tidied_run_dir(settings):
        assert [left.name for left in settings.run_dir.iterdir()] == ["worker-1.alive"]


@pytest.mark.parametrize("name", ["data", "a-rather-long-name-" * 6])
def test_what_lies_outside_goes_with_the_stack(tmp_path: Path, name: str) -> None:
    """Sockets and signs of life of a folder with a long path; inside, they stay with the rest."""
    settings = of(tmp_path / name)
    is_inside = settings.run_dir.is_relative_to(tmp_path)
    with owned_folder(settings), tidied_run_dir(settings):
        (settings.run_dir / "worker-1.alive").touch()
    assert settings.run_dir.exists() == is_inside


def test_a_command_with_a_store_of_its_own_leaves_alone_what_others_have_there(tmp_path: Path) -> None:
    """Parts that were started by hand share the run folder, and would end without it; when nobody has anything there it goes."""
    settings = of(tmp_path / ("a-rather-long-name-" * 6))
    alive = settings.run_dir / "bridge.alive"
    with owned_folder(settings):
        alive.touch()
        metrics = settings.run_dir / "pymp-of-a-living-worker"
        metrics.mkdir()
    with owned_folder(settings):
        pass
    assert alive.exists()
    assert metrics.exists()
    alive.unlink()
    metrics.rmdir()
    with owned_folder(settings):
        pass
    assert not settings.run_dir.exists()

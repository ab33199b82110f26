"""What people install: the wheel holds everything that runs, and nothing that does not."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from acceptance.small_sessions import sessions, write_events, write_learnings

pytestmark = pytest.mark.timeout(240)

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("assessor", "bridge", "dashboard", "worker")


def _tracked(folder: Path) -> Path:
    """A copy of the files under version control: building writes beside its sources."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = _ROOT / name, folder / name
        if not name.startswith(("tests/", "benchmarks/", "docs/")) and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, made = _tracked(tmp_path_factory.mktemp("source")), tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(made), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    [path] = made.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """A template, a query or a style sheet that stays behind would only be missed by whoever installs it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *_PACKAGES], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout
    tracked = {name for name in listed.split("\0") if name and (_ROOT / name).is_file()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert packed == tracked


def test_an_installed_wheel_attributes_sessions(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, away from the sources. The packages it needs are those of this environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv")}))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "work").mkdir()
    events = write_events(tmp_path / "events.jsonl", sessions(2))
    learnings = write_learnings(tmp_path / "learnings.jsonl")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GROOVE_", "PYTHON"))}
    python = tmp_path / "venv" / "bin" / "python"
    where = subprocess.run(
        [python, "-P", "-c", "import worker; print(worker.__file__)"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(str(site)), "the sources were imported in place of the wheel"
    done = subprocess.run(
        [python, "-P", "-m", "worker.cli", "run", events, "--learnings", learnings],
        cwd=tmp_path / "work",
        env=environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 sessions finished" in done.stdout

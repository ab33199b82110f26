"""Every command of the README, in its order, as somebody types them; a new one without its test fails here."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from fixtures.waiting import wait_until
from unit.assessor.homes import Home, make_home

pytestmark = pytest.mark.timeout(600)

_ROOT = Path(__file__).parents[2]
_BLOCKS = re.findall(r"```console\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ").partition("   ")[0].strip()
    for block in _BLOCKS
    for line in block.splitlines()
    if line.startswith("$ ")
]


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    groove: Groove
    home: Home

    @property
    def environ(self) -> dict[str, str]:
        """As in the project, whose own data folder is named so that what runs there is found."""
        return self.groove.environ(HOME=str(self.home.folder), GROOVE_DATA_DIR=str(self.home.project / ".groove"))

    def says_yes(self, *arguments: str) -> str:
        """A command of groove in the project, every question answered with yes."""
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli", *arguments],
            cwd=self.home.project,
            env=self.environ,
            input="y\ny\n",
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def makes(self, target: str, **variables: str | Path) -> str:
        """A target of the Makefile, with the commands of this environment."""
        given = [f"{name}={value}" for name, value in {"BIN": Path(sys.executable).parent, **variables}.items()]
        done = subprocess.run(
            ["make", "--old-file=setup", target, *given],
            cwd=_ROOT,
            env=self.environ | {"GROOVE_DATA_DIR": str(self.groove.folder / ".groove")},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _import(newcomer: Newcomer) -> None:
    assert "3 learnings in 1 rules file" in newcomer.says_yes("import")


def _install(newcomer: Newcomer) -> None:
    newcomer.says_yes("hook", "install", "claude-code")
    assert "SessionStart" in (newcomer.home.folder / ".claude" / "settings.json").read_text()


def _adopt(newcomer: Newcomer) -> None:
    newcomer.says_yes("adopt", "CLAUDE.md")
    assert "rtk" in (newcomer.home.project / ".groove" / "learnings.md").read_text()
    assert "rtk" not in (newcomer.home.project / "CLAUDE.md").read_text()


def _shows_address(newcomer: Newcomer, *arguments: str) -> None:
    """A command that stays until it is stopped, and prints where the dashboard is."""
    said = newcomer.groove.folder / f"{arguments[0]}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", *arguments],
            cwd=newcomer.home.project,
            env=newcomer.environ | {"GROOVE_WEB__PORT": "0"},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: "http://127.0.0.1:" in said.read_text(), "its address is printed", seconds=120)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _up(newcomer: Newcomer) -> None:
    _shows_address(newcomer, "up", "--web")


def _web(newcomer: Newcomer) -> None:
    _shows_address(newcomer, "web")


def _demo(newcomer: Newcomer) -> None:
    events = newcomer.groove.folder / "events.jsonl"
    with (_ROOT / "examples" / "events.jsonl").open("rb") as examples:
        events.write_bytes(b"".join(islice(examples, 2)))
    told = newcomer.makes("demo", EVENTS=events)
    assert "sessions finished" in told
    assert "make demo-experiment" in told


def _demo_experiment(newcomer: Newcomer) -> None:
    folder = newcomer.groove.folder / ".groove-simulated"
    told = newcomer.makes("demo-experiment", FOLDER=folder, ROUNDS="1")
    assert "100 sessions" in told
    assert "check-first" in told
    assert (folder / "experiment.png").exists()


def _none(_: Newcomer) -> None:
    """What stands for it: these tests run in what it makes, or with a container engine (`make compose-test`)."""


#: what each command is to do
RUN: dict[str, Callable[[Newcomer], None]] = {
    "make setup": _none,
    'export PATH="$PWD/.venv/bin:$PATH"': _none,
    "cd ~/your-project": _none,
    "groove import": _import,
    "groove hook install claude-code": _install,
    "groove adopt CLAUDE.md": _adopt,
    "groove up --web": _up,
    "groove web": _web,
    "make demo": _demo,
    "make demo-experiment": _demo_experiment,
    "make secrets && docker compose up -d --wait": _none,
}


def test_each_command_of_the_readme_does_what_it_says(groove: Groove, tmp_path: Path) -> None:
    """One newcomer, with four sessions and a rules file, types them all."""
    assert [command for command in COMMANDS if command not in RUN] == []
    newcomer = Newcomer(groove=groove, home=make_home(tmp_path / "home", sessions=4))
    for command in COMMANDS:
        RUN[command](newcomer)


@pytest.mark.parametrize("target", sorted({match for text in COMMANDS for match in re.findall(r"make ([\w-]+)", text)}))
def test_each_target_that_the_readme_names_is_there(target: str) -> None:
    """`make` knows it."""
    known = (_ROOT / "Makefile").read_text()
    assert re.search(rf"^{re.escape(target)}:", known, re.MULTILINE)

"""The `groove` command as a person runs it: in a folder of its own, with real parts, and a look at what it leaves behind."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

#: seconds; a whole stack with the model starts in a few
_PATIENCE = 110


@dataclass(frozen=True, kw_only=True)
class Groove:
    """Runs commands against the data folder `folder / ".groove"`."""

    folder: Path

    def __call__(self, *arguments: str | Path, status: int = 0, **settings: str) -> str:
        """Run to the end, check the exit status -> standard output. A traceback is never an answer."""
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ(**settings),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 else done.stdout + done.stderr

    def on_terminal(self, columns: int, *arguments: str | Path, **settings: str) -> list[str]:
        """Run to the end on a terminal so many columns wide -> the lines to be seen there, without what makes them bold."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ(TERM="xterm", **settings),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b"".join(_read_all(ours))
        os.close(ours)
        process.wait(_PATIENCE)
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()]

    def start(self, *arguments: str | Path, **settings: str) -> subprocess.Popen[bytes]:
        """Start and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "worker.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ(**settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def json(self, *arguments: str | Path, status: int = 0, **settings: str) -> Any:
        return json.loads(self(*arguments, "--json", status=status, **settings))

    def environ(self, **settings: str) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("GROOVE_") and name != "COLUMNS"
        }
        return inherited | {"GROOVE_DATA_DIR": str(self.folder / ".groove")} | settings

    def processes(self) -> list[psutil.Process]:
        """Everything alive that works on this data folder."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get("GROOVE_DATA_DIR", "").startswith(str(self.folder))
        except psutil.Error:
            return False

    def end(self) -> None:
        """Kill whatever was left running, and what a dying parent has started meanwhile, until nothing is."""
        while left := self.processes():
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=5)


def _read_all(terminal: int) -> Iterator[bytes]:
    """Until nobody writes there any more, which the kernel tells as an error."""
    with contextlib.suppress(OSError):
        while portion := os.read(terminal, 65536):
            yield portion

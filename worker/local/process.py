"""One child process that never outlives us: it is told to end when we end, however we end."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from worker.errors import Unavailable
from worker.system.parent_death import end_with_parent

#: seconds between two looks while a part comes up
_POLL_SECONDS = 0.02


@dataclass(kw_only=True)
class ChildProcess:
    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    #: where its output is appended; None: it shares ours
    log: Path | None = None
    #: whether it answers; asked again and again until it does
    is_ready: Callable[[], bool] = lambda: True
    #: what it gets when we are killed: a part that the others stand on closes its files, the rest has nothing left to wait for
    orphaned: signal.Signals = signal.SIGKILL
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        parent = os.getpid()
        output = self.log.open("ab") if self.log else None
        try:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env=dict(self.environ),
                # a Ctrl-C at the terminal reaches us alone; we end the parts in their order
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(parent, self.orphaned),  # noqa: PLW1509 - we start children from one thread only
            )
        finally:
            if output:
                output.close()

    def wait_until_ready(self, seconds: float) -> None:
        """Raises `Unavailable` when it dies first or does not answer in time, with the end of its log."""
        until = time.monotonic() + seconds
        while not self.is_ready():
            if not self.is_running:
                raise Unavailable(f"{self.name} ended at its start (status {self.exit_status}){self._last_words()}")
            if time.monotonic() > until:
                raise Unavailable(f"{self.name} does not answer after {seconds:g} seconds{self._last_words()}")
            time.sleep(_POLL_SECONDS)

    def ask_to_end(self) -> None:
        if self._process is not None and self.is_running:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """SIGTERM, then SIGKILL to its whole process group after `seconds`."""
        if self._process is None:
            return
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._kill_group()
        self._process.wait()

    def _kill_group(self) -> None:
        """What the part itself started dies with it."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1][:300]} (more in {self.log})" if lines else ""

"""Bridge processes as an operator has them: several replicas, started and stopped by signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: until the interpreter has come to our first line, on a busy machine
START_SECONDS = 5.0
ROOT = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Bridges:
    folder: Path
    #: GROOVE_ variables
    settings: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0
    #: of those that ended by themselves
    statuses: list[int] = field(default_factory=list)
    _began: dict[int, float] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        self.started += 1
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
        environ = kept | self.settings | {"PYTHONPATH": str(ROOT), "GROOVE_LOG__FORMAT": "json"}
        command = [sys.executable, "-P", "-m", "bridge"]
        with self._log(self.started).open("wb") as log:
            process = subprocess.Popen(command, env=environ, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        self.running.append(process)
        self._began[process.pid] = time.monotonic()
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        self.running.remove(process)
        process.kill()
        process.wait(timeout=10)

    def tracebacks(self) -> list[str]:
        return [line for line in self.output().splitlines() if "Traceback" in line or '"traceback"' in line]

    def stop(self, process: subprocess.Popen[bytes]) -> tuple[int, float]:
        """-> status and seconds; one that had not begun anything yet may as well end by the signal itself."""
        self.running.remove(process)
        begun = time.monotonic()
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        had_begun = self._began.get(process.pid, 0.0) + START_SECONDS < begun
        return (status if had_begun or status != -signal.SIGTERM else 0), time.monotonic() - begun

    def freeze(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def kill_all(self) -> None:
        for process in list(self.running):
            process.send_signal(signal.SIGCONT)
            self.kill(process)

    def supervised(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """`condition`, looked at once all bridges that ended run again."""

        def looked_at() -> bool:
            self.supervise()
            return condition()

        return looked_at

    def supervise(self) -> None:
        """Start again what ended by itself, as compose does: a bridge that finds no log at its start says so and ends."""
        for process in [each for each in self.running if each.poll() is not None]:
            self.running.remove(process)
            self.statuses.append(process.returncode)
            self.start()

    def events(self) -> list[dict[str, object]]:
        """What they logged, all together."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def output(self) -> str:
        return "".join(self._log(number + 1).read_text() for number in range(self.started))

    def _log(self, number: int) -> Path:
        return self.folder / f"bridge-{number}.log"

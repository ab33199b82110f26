"""A stack of real processes (`groove up`) in a folder of its own, with its processes by name."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from worker.broker import broker_client
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import LogMessage, TopicName
from worker.ledger import Counts, Ledger, open_ledger
from worker.settings import Settings, load_settings

#: short deadlines, so that what is lost is found within seconds
QUICK = {
    "GROOVE_WORKER__SOFT_TIME_LIMIT": "3",
    "GROOVE_WORKER__PREPARE_SOFT_TIME_LIMIT": "10",
    "GROOVE_WORKER__HARD_LIMIT_GRACE": "2",
    "GROOVE_WORKER__RETRY_SECONDS": "1",
    "GROOVE_WORKER__PATIENCE_SECONDS": "4",
    "GROOVE_SWEEPER__INTERVAL_SECONDS": "1",
    "GROOVE_SWEEPER__OVERDUE_SECONDS": "2",
    "GROOVE_BRIDGE__LEASE_SECONDS": "5",
    "GROOVE_LOCAL__MAX_RESTARTS": "100",
    "GROOVE_LOCAL__WORKERS": "2",
}
_TESTS = str(Path(__file__).parents[1])


@dataclass(kw_only=True)
class ChaosStack:
    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    _up: subprocess.Popen[bytes] | None = None
    _ledger: Ledger | None = None

    @property
    def environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
        own = {"GROOVE_DATA_DIR": str(self.folder / ".groove"), "PYTHONPATH": _TESTS}
        return inherited | QUICK | own | self.more

    @property
    def settings(self) -> Settings:
        return load_settings(self.environ)

    @property
    def log(self) -> Path:
        return self.folder / "up.log"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "worker.cli", "up"], env=self.environ, stdout=log, stderr=log, cwd=self.folder
            )
        self.wait(lambda: b"up: " in self.log.read_bytes(), "the stack is up")

    def stop(self) -> None:
        if self._ledger is not None:
            self._ledger.dispose()
        if self._up is not None:
            self._up.send_signal(signal.SIGINT)
            self._up.wait(60)
        for process in self.processes():
            process.kill()

    def groove(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli", *map(str, arguments)],
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def values(self) -> Any:
        return json.loads(self.groove("values", "--json"))

    def processes(self, name: str = "") -> list[psutil.Process]:
        """Those alive whose command line names the part; "worker-child": the workers' children."""
        return [process for process in psutil.process_iter() if self._is(process, name)]

    def _is(self, process: psutil.Process, name: str) -> bool:
        try:
            if not process.environ().get("GROOVE_DATA_DIR", "").startswith(str(self.folder)):
                return False
            line, parent = " ".join(process.cmdline()), process.parent()
            is_child = parent is not None and parent.cmdline() == process.cmdline()
        except psutil.Error:
            return False
        words = {
            "worker": "worker.cli worker",
            "store": "worker.cli store",
            "bridge": "-m bridge",
            "broker": "valkey-server",
        }
        if name == "worker-child":
            return is_child and words["worker"] in line
        return words.get(name, "") in line and not (is_child and name)

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(self.settings.ledger_url)
        return self._ledger

    def counts(self) -> Counts:
        return self.ledger.counts.count(time.time_ns() // 1000)

    def published(self) -> list[LogMessage]:
        """Everything in `groove.attribution`."""
        log = open_event_log(self.settings.event_log_url)
        stream, _, topic = self.settings.streams.attributed.partition("/")
        name = TopicName(stream=stream, topic=topic)
        found: list[LogMessage] = []
        for partition in range(log.partitions(name)):
            position = 0
            while messages := log.read(name, partition, position, 1000):
                found += messages
                position = messages[-1].offset + 1
        log.close()
        return found

    def forget_broker(self) -> None:
        """As if the broker's disk were lost: its data is deleted while it is dead."""
        for file in sorted((self.folder / ".groove" / "broker").rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()

    def broker_answers(self) -> bool:
        return bool(broker_client(self.settings).ping())

    @staticmethod
    def wait(condition: Any, what: str, seconds: float = 90) -> float:
        """-> seconds until `condition` held."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() < start + seconds, f"after {seconds:g} seconds it is still not true that {what}"
            time.sleep(0.05)
        return time.monotonic() - start

"""A stack of real processes (`groove up`) in a folder of its own, with its processes by name."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, select

from chaos.clock import Clocks
from chaos.parts import EMBEDDED, Parts
from worker.errors import Unavailable
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, LogMessage, TopicName
from worker.ledger import Counts, Ledger, open_ledger, schema
from worker.settings import Settings, load_settings

#: mostly short deadlines, so that what is lost is found within seconds
QUICK = {
    "GROOVE_WORKER__SOFT_TIME_LIMIT": "3",
    "GROOVE_WORKER__PREPARE_SOFT_TIME_LIMIT": "10",
    "GROOVE_WORKER__HARD_LIMIT_GRACE": "2",
    "GROOVE_WORKER__RETRY_SECONDS": "1",
    "GROOVE_WORKER__PATIENCE_SECONDS": "4",
    "GROOVE_SWEEPER__INTERVAL_SECONDS": "1",
    "GROOVE_SWEEPER__OVERDUE_SECONDS": "2",
    "GROOVE_SWEEPER__SILENCE_SECONDS": "4",
    "GROOVE_BRIDGE__LEASE_SECONDS": "5",
    "GROOVE_LOCAL__MAX_RESTARTS": "100",
    "GROOVE_LOCAL__WORKERS": "2",
    # two stacks are compared digit by digit, and each would measure for itself which format is faster
    "GROOVE_EMBEDDER__PRECISION": "float32",
    # parts are found by command line, which Celery writes over where setproctitle is installed
    "NOSETPS": "1",
}
#: the tests, whose detector a part may load, and the tree that they belong to
_PATH = os.pathsep.join(str(folder) for folder in (Path(__file__).parents[1], Path(__file__).parents[2]))
_BATCH = 1000


@dataclass(kw_only=True)
class ChaosStack:
    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    parts: Parts = EMBEDDED
    #: None: the machine's
    clocks: Clocks | None = None
    _up: subprocess.Popen[bytes] | None = None
    _ledger: Ledger | None = None

    @property
    def environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
        own = {"GROOVE_DATA_DIR": str(self.folder / ".groove"), "PYTHONPATH": _PATH}
        return inherited | QUICK | own | self._given | self.more

    @cached_property
    def _given(self) -> dict[str, str]:
        return self.parts.settings(self.folder) | (self.clocks.environ() if self.clocks else {})

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
        done = self._command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_whole(self) -> bool:
        """Does every part answer? One that was killed last may still be starting."""
        return self._command("status").returncode == 0

    def _command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "worker.cli", *map(str, arguments)],
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def values(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.groove("values", "--json"))
        return found

    def processes(self, name: str = "") -> list[psutil.Process]:
        """Those alive whose command line names the part; "worker-child": the workers' children."""
        return [process for process in psutil.process_iter() if self._is(process, name)]

    def _is(self, process: psutil.Process, name: str) -> bool:
        try:
            # not by the environment, which the broker writes over
            if not Path(process.cwd()).is_relative_to(self.folder):
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
        return self.ledger.counts.count()

    def logged(self, topic: str) -> list[LogMessage]:
        """Everything that the event log still has of a topic (`stream/topic`)."""
        with closing(open_event_log(self.settings.event_log_url)) as log:
            return list(_messages(log, TopicName.parse(topic)))

    def received(self) -> set[str]:
        """Ids of the heavy events that the ledger has."""
        engine = create_engine(self.settings.ledger_url.replace("postgresql://", "postgresql+psycopg://"))
        try:
            with engine.connect() as connection:
                return set(connection.scalars(select(schema.Event.event_id)))
        finally:
            engine.dispose()

    def kill(self, *processes: psutil.Process) -> None:
        """-9; they are dead afterwards."""
        assert processes
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.wait(lambda: all(map(_is_dead, processes)), "the killed are dead")

    def kill_broker(self, meanwhile: Callable[[Path], None]) -> None:
        """Kill -9; before anybody starts it again, `meanwhile` may do something to its folder."""
        assert self._up is not None
        supervisor = psutil.Process(self._up.pid)
        supervisor.suspend()
        try:
            self.kill(*self.processes("broker"))
            meanwhile(self.folder / ".groove" / "broker")
        finally:
            supervisor.resume()

    @staticmethod
    def wait(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
        """A part that cannot be asked just now is asked again."""
        until = time.monotonic() + seconds
        while not _holds(condition):
            assert time.monotonic() < until, f"after {seconds:g} seconds it is still not true that {what}"
            time.sleep(0.05)


def _is_dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except Unavailable:
        return False


def _messages(log: EventLog, name: TopicName) -> Iterator[LogMessage]:
    for partition in range(log.partitions(name)):
        position = 0
        while messages := log.read(name, partition, position, _BATCH):
            yield from messages
            position = messages[-1].offset + 1

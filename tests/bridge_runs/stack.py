"""All parts on one Iggy server: bridges to be hurt, and beside them one worker and the store, which turn sessions into values."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bridge_runs.bridges import ROOT, Bridges
from bridge_runs.events import LEARNINGS
from worker.liveness.heartbeat_file import heartbeat_age
from worker.operations.connections import open_store
from worker.settings import load_settings
from worker.store.api import StoreApi

PARTITIONS = 6
WORKER = "worker"
LEASE_SECONDS = 2.0
#: what the broker or a bridge lost is sent again within seconds
QUICK = {
    "GROOVE_STREAMS__PARTITIONS": str(PARTITIONS),
    "GROOVE_BRIDGE__LEASE_SECONDS": str(LEASE_SECONDS),
    "GROOVE_BRIDGE__LATE_EVENT_QUIET_SECONDS": "1",
    "GROOVE_SWEEPER__INTERVAL_SECONDS": "1",
    "GROOVE_SWEEPER__OVERDUE_SECONDS": "1",
    "GROOVE_WORKER__SOFT_TIME_LIMIT": "20",
    "GROOVE_WORKER__PREPARE_SOFT_TIME_LIMIT": "20",
    "GROOVE_WORKER__HARD_LIMIT_GRACE": "2",
    "GROOVE_EMBEDDER__THREADS": "1",
}


@dataclass(kw_only=True)
class Stack:
    folder: Path
    log_url: str
    broker_url: str
    ledger_url: str
    #: messages of one read
    batch: int = 200
    bridges: Bridges = field(init=False)
    _store: StoreApi | None = None

    def __post_init__(self) -> None:
        self.bridges = Bridges(folder=self.folder, settings=self._variables())

    @contextmanager
    def running(self, replicas: int) -> Iterator[None]:
        """Bridges that still run at the end are killed; who wants more of them stops them before."""
        with open_store(load_settings(self._variables())) as self._store, self._worker():
            self._store.import_learnings(LEARNINGS, actor="fault run")
            try:
                for _ in range(replicas):
                    self.bridges.start()
                yield
            finally:
                self.bridges.kill_all()

    def is_working(self) -> bool:
        """Whether the worker takes tasks by now."""
        return heartbeat_age(load_settings(self._variables()), WORKER) is not None

    def values(self) -> list[dict[str, Any]]:
        assert self._store
        self._store.refresh()
        return [asdict(value) for value in self._store.values()]

    def last_words(self) -> str:
        """Of the worker."""
        return (self.folder / "worker.log").read_text()[-2000:]

    def _variables(self) -> dict[str, str]:
        return QUICK | {
            "GROOVE_EVENT_LOG": self.log_url,
            "GROOVE_BROKER": self.broker_url,
            "GROOVE_LEDGER": self.ledger_url,
            "GROOVE_DATA_DIR": str(self.folder / "data"),
            "GROOVE_BRIDGE__BATCH": str(self.batch),
        }

    @contextmanager
    def _worker(self) -> Iterator[None]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GROOVE_")}
        with (self.folder / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-P", "-m", "worker.cli", "worker", "--name", WORKER],
                env=kept | self._variables() | {"PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(timeout=30)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

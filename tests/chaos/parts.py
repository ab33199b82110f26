"""What a stack stands on besides its own parts: the embedded event log and ledger, or those of production, which the run owns and hurts.

Parts    which of them, and their settings
"""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from bridge_runs.logs import TOPICS
from fixtures.iggy import IggyServer, ToleratingEventLog, iggy_binary
from fixtures.postgresql import PostgreSQL
from iggy_standin.threaded import ThreadedStandIn

#: as `streams.partitions` has it
PARTITIONS = 4
#: at most, of a partition's end
TAIL = 20
_RECOVERY_SECONDS = 60


class ChaosLog(Protocol):
    name: str
    url: str

    def prepare(self, *, is_safe: bool) -> None:
        """Topics, where the bridge cannot make them as they have to be; an unsafe one loses its unsaved tail."""

    def kill(self) -> None:
        """Kill -9; it is there again afterwards."""

    def lose_tail(self, chance: random.Random) -> None:
        """The same, and what was not saved is gone."""


class RealIggy:
    name = "iggy"

    def __init__(self, server: IggyServer) -> None:
        self._server = server
        self.url = server.url

    def prepare(self, *, is_safe: bool) -> None:
        if not is_safe:
            for name in TOPICS:
                self._server.create_topic(name, PARTITIONS, is_safe=False)
            return
        with closing(ToleratingEventLog(self._server)) as log:
            for name in TOPICS:
                log.ensure_topic(name, PARTITIONS)

    def kill(self) -> None:
        self._server.kill()
        self._server.start()

    def lose_tail(self, _: random.Random) -> None:
        self.kill()


class StandInIggy:
    name = "iggy stand-in"

    def __init__(self, server: ThreadedStandIn) -> None:
        self._server = server
        self.url = server.url

    def prepare(self, *, is_safe: bool) -> None:
        """The bridge makes them."""

    def kill(self) -> None:
        self._server.stop()
        self._server.start()

    def lose_tail(self, chance: random.Random) -> None:
        self._server.stop()
        self._server.lose_tail(TAIL, lambda most: chance.randint(0, most))
        self._server.start()


class ChaosLedger(Protocol):
    name: str

    def url(self, folder: Path) -> str | None:
        """Of a fresh ledger for the stack in `folder`; None: its own."""

    def block(self, folder: Path, seconds: float) -> None:
        """Nobody can write for so long."""


class SQLiteLedger:
    name = "sqlite"

    def url(self, folder: Path) -> str | None:
        return None

    def block(self, folder: Path, seconds: float) -> None:
        file = folder / ".groove" / "ledger.sqlite"
        with closing(sqlite3.connect(file, isolation_level=None, timeout=10)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")


class PostgreSQLLedger:
    name = "postgresql"

    def __init__(self, server: PostgreSQL) -> None:
        self._server = server
        self._current = ""

    def url(self, folder: Path) -> str | None:
        self._current = self._server.new_database()
        return self._current

    def block(self, folder: Path, seconds: float) -> None:
        with self._connection() as connection:
            connection.execute("LOCK TABLE session, entry, outbox, log_partition IN ACCESS EXCLUSIVE MODE")
            time.sleep(seconds)
            connection.rollback()

    def crash(self) -> None:
        """One of its processes is killed, whereupon the server cuts everybody off and recovers from its log."""
        with self._connection() as connection:
            (victim,) = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1"
            ).fetchone() or (connection.info.backend_pid,)
        os.kill(victim, signal.SIGKILL)

    def _connection(self) -> psycopg.Connection:
        """Once it has recovered from an earlier crash."""
        until = time.monotonic() + _RECOVERY_SECONDS
        while True:
            try:
                return psycopg.connect(self._current)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


class Parts:
    """`log` None: the embedded one, which lives and dies with the stack's broker."""

    def __init__(self, *, log: ChaosLog | None, ledger: SQLiteLedger | PostgreSQLLedger) -> None:
        self.log = log
        self.ledger = ledger

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.log.name if self.log else 'valkey'}, {self.ledger.name}"

    def settings(self, folder: Path) -> dict[str, str]:
        """GROOVE_ variables of a stack in `folder`."""
        found = {"GROOVE_EVENT_LOG": self.log.url} if self.log else {}
        url = self.ledger.url(folder)
        return found | ({"GROOVE_LEDGER": url} if url else {})


EMBEDDED = Parts(log=None, ledger=SQLiteLedger())


@contextmanager
def production_ledger() -> Iterator[PostgreSQLLedger]:
    """One server for all runs, a database for each."""
    server = PostgreSQL()
    server.start()
    try:
        yield PostgreSQLLedger(server)
    finally:
        server.close()


@contextmanager
def production_log() -> Iterator[ChaosLog]:
    """A server for one run: a real one where its binary is at hand, else the stand-in."""
    with ExitStack() as ends:
        if binary := iggy_binary():
            server = IggyServer(binary=binary)
            server.start()
            ends.callback(server.close)
            yield RealIggy(server)
        else:
            standin = ThreadedStandIn()
            standin.start()
            ends.callback(standin.close)
            yield StandInIggy(standin)

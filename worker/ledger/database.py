"""The connection to SQLite or PostgreSQL: how it is opened, how transactions begin, and what its errors mean to us.

Power loss: SQLite syncs its log at every `durable` transaction (those that store events with their position, begin an attempt or
follow a person's order) and at checkpoints, not at the others. A sync covers all that was written before it, so a power cut can
only take back work that the event log, the sweeper and the idempotent store do again; it can never forget an event whose position
moved, or an attempt that a task was sent for. A killed process loses nothing either way. PostgreSQL keeps its own settings.
"""

import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from worker.errors import ConfigurationError, LedgerUnavailable
from worker.ledger.clock import LedgerClock, database_clock

#: seconds that a writer waits for the others before the ledger counts as unavailable
PATIENCE = 10
#: seconds after which a connection to PostgreSQL is tried before it is used
IDLE = 5.0

#: a replica frozen in mid-transaction must not hold its rows for longer than a lease; nothing of ours waits for ever
_POSTGRESQL = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": f"-c lock_timeout={PATIENCE}s -c idle_in_transaction_session_timeout={PATIENCE}s",
}


class Database:
    """A pool of connections; safe for threads, not across a fork."""

    def __init__(self, url: str, *, clock: LedgerClock = database_clock) -> None:
        self.url = _ledger_url(url)
        self.clock = clock
        self._engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self._single = self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction. On SQLite it holds the write lock from its start, so that what it reads cannot change under it."""
        with _translated(), self._engine.connect() as connection:
            if self.is_sqlite:
                _synchronise(connection, "FULL" if durable else "NORMAL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """Every statement is a transaction of its own and sees all that was committed before it."""
        with _translated(), self._single.connect() as connection:
            yield connection

    def dispose(self, *, inherited: bool = False) -> None:
        """Close the pool; with `inherited`, forget it without touching the sockets, which belong to the parent process."""
        self._engine.dispose(close=not inherited)


#: in what SQLAlchemy keeps beside each connection
_SYNCHRONOUS = "synchronous"


def _synchronise(connection: Connection, how: str) -> None:
    """A connection keeps its setting: said once until it changes."""
    if connection.info.get(_SYNCHRONOUS) != how:
        connection.exec_driver_sql(f"PRAGMA synchronous = {how}")
        connection.info[_SYNCHRONOUS] = how


@cache
def _insert_new(dialect: str, table: type[DeclarativeBase]) -> sqlite.Insert:
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing()  # type: ignore[return-value]  # both spell it alike


def insert_new(connection: Connection, table: type[DeclarativeBase]) -> sqlite.Insert:
    """An insert that leaves rows alone that are there already."""
    return _insert_new(connection.dialect.name, table)


def insert_into(connection: Connection, table: type[DeclarativeBase]) -> sqlite.Insert:
    """An insert that can say what to do on conflict; both dialects spell it alike."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)  # type: ignore[return-value]  # the methods used here are the same


def fold_back(url: str) -> None:
    """SQLite only: write what lies in the log beside the file into it, so that a copy of the file is the whole ledger.

    For whoever has stopped all that used it: parts that are ended by a signal leave that to the last one. While others still have it open
    it does what can be done without waiting.
    """
    found = _ledger_url(url)
    if found.get_backend_name() != "sqlite" or not Path(found.database or "").is_file():
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(found.database or "", timeout=0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _ledger_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(
            "ledger: not a database URL (sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME)"
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or (url.drivername == "sqlite" and not url.database):
        raise ConfigurationError(f"ledger: {url.drivername!r} is neither a sqlite:///PATH nor a postgresql:// URL")
    return url


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": PATIENCE, "isolation_level": None},
        hide_parameters=True,
        pool_size=5,
        max_overflow=20,
    )
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(_dialect: object, _record: object, arguments: list[Any], _options: object) -> None:
    """A new file is for its user only, wherever it lies; SQLite would let everybody read it, and its log takes after it."""
    with suppress(OSError):  # there already, or for SQLite to tell
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    _switch_to_wal(connection)
    for pragma in ("synchronous = NORMAL", "journal_size_limit = 67108864", "cache_size = -16000"):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Once in a file's life; of several that open a new file together, SQLite refuses some at once instead of letting them wait."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql_engine(url: URL) -> Engine:
    given = {key: value for key, value in _POSTGRESQL.items() if key not in url.query}
    try:
        _check_options(url)
        engine = create_engine(
            url, connect_args=given, hide_parameters=True, pool_size=5, max_overflow=20, pool_timeout=PATIENCE
        )
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError("ledger: PostgreSQL needs `pip install groove-attribution[postgresql]`") from error
    _try_idle_connections(engine)
    return engine


def _check_options(url: URL) -> None:
    """Raises `ConfigurationError` for what PostgreSQL's client library does not know."""
    from psycopg import pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    if unknown := sorted(url.query.keys() - known):
        raise ConfigurationError(f"ledger: {', '.join(unknown)[:60]} in the URL is no option of PostgreSQL")


def _try_idle_connections(engine: Engine) -> None:
    """One that died while it lay idle is replaced unnoticed; trying them before every use would cost a quarter of the speed."""
    dialect = engine.dialect

    def note_use(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    def try_if_idle(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("used", math.inf) < IDLE:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("died while it lay idle") from error

    event.listen(engine, "checkin", note_use)
    event.listen(engine, "checkout", try_if_idle)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        raise LedgerUnavailable(f"the ledger cannot be reached: {_first_line(error)}") from error
    except DBAPIError as error:
        # no statement: while connecting, of an option's value. SQLite: no database, or a broken one
        if error.statement is None or error.connection_invalidated or type(error) is DatabaseError:
            raise LedgerUnavailable(f"the ledger cannot be used: {_first_line(error)}") from error
        raise


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]

"""CozoDB behind three words: read, transaction, close. What the engine throws is translated here.

One process owns the folder (RocksDB locks it), and within it one lock: a transaction reads what is committed, computes in Python and
commits everything it wants written as one script of blocks, which Cozo applies whole or not at all.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import structlog
from pycozo.client import Client, QueryException

from worker.errors import ConfigurationError, GrooveError, InvalidFile, StoreUnavailable
from worker.store.cozo import named_queries

#: rises when the schema changes in a way that older programs cannot read
SCHEMA_VERSION = 1

_CONFLICTS = ("kBusy", "kTimedOut", "kTryAgain")
_CONFLICT_TRIES = 8
#: seconds from a failure of the engine to the next try at opening it
_REOPEN_AFTER_S = 1.0
_BACKUP_START = b"SQLite format 3\0"

Row = Sequence[Any]
_log = structlog.get_logger(__name__)


class CozoDatabase:
    def __init__(self, path: Path | None) -> None:
        """Opens the folder, made if missing; None keeps everything in memory. Raises `StoreUnavailable` if another process has it."""
        self._path = path
        self._opened, self._commits = secrets.token_hex(4), 0
        #: told of all that was committed, by the name of the write, while the lock is held
        self.listeners: list[Callable[[Mapping[str, Sequence[Row]]], None]] = []
        self._queries = named_queries.load("queries.cozo")
        self._lock = threading.RLock()
        self._client: Client | None = self._open()
        #: when the engine failed last, by the monotonic clock; None: it works
        self._failed_at: float | None = None
        self._create_missing()

    @property
    def revision(self) -> str:
        """Another text after each commit, and after the database was opened anew."""
        return f"{self._opened}-{self._commits}"

    def read(self, name: str, **arguments: object) -> list[Row]:
        rows: list[Row] = self._run(self._queries[name], arguments, immutable=True)
        return rows

    @contextmanager
    def consistent(self) -> Iterator[None]:
        """Nothing is written while the block runs: reads in it belong together."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Commits when the block ends, and writes nothing if it raises."""
        with self._lock:
            transaction = Transaction(self)
            yield transaction
            transaction.commit()

    def commit(self, writes: dict[str, list[Row]]) -> None:
        script = "\n".join(f"{{ {self._queries[name]} }}" for name in writes)
        for attempt in range(_CONFLICT_TRIES):
            try:
                self._run(script, dict(writes), immutable=False)
            except _Conflict as conflict:
                if attempt == _CONFLICT_TRIES - 1:
                    raise StoreUnavailable(str(conflict)) from conflict
                time.sleep(0.001 * 2**attempt)
            else:
                self._commits += 1
                for hear in self.listeners:
                    hear(writes)
                return

    def compact(self) -> None:
        """What was deleted goes from the files too; nobody waits for it meanwhile."""
        self._run("::compact", {}, immutable=False)

    def backup(self, path: Path) -> None:
        """A consistent copy of everything into one new file."""
        if path.exists():
            raise ConfigurationError(f"{path} exists already")
        with self._lock, _translated():
            self._connected().backup(str(path))

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _open(self) -> Client:
        if self._path is None:
            return Client("mem", "", dataframe=False)
        try:
            _prepare(self._path)
            return Client("rocksdb", str(self._path), dataframe=False)
        except OSError as error:
            raise ConfigurationError(f"the store's folder {self._path} cannot be used: {error.strerror}") from error
        except BaseException as error:
            if not _is_from_the_engine(error):
                raise
            raise StoreUnavailable(_opening_failed(self._path, str(error))) from error

    def _create_missing(self) -> None:
        relations = {row[0] for row in self._run("::relations", {}, immutable=True)}
        for name, statement in named_queries.load("schema.cozo").items():
            if name not in relations:
                self._run(statement, {}, immutable=False)
        stored = self.read("meta", key="schema_version")
        if stored and int(stored[0][0]) != SCHEMA_VERSION:
            self.close()
            raise ConfigurationError(
                f"{self._path} was written with schema {stored[0][0]}, this program knows {SCHEMA_VERSION}"
            )
        if not stored:
            self.commit({"put_meta": [["schema_version", str(SCHEMA_VERSION)]]})

    def _run(self, script: str, arguments: dict[str, Any], *, immutable: bool) -> list[Row]:
        client = self._connected()
        with self._watched():
            rows: list[Row] = client.run(script, arguments, immutable)["rows"]
            return rows

    def _connected(self) -> Client:
        if self._failed_at is not None:
            self._reopen()
        if self._client is None:
            raise StoreUnavailable("the store is closed")
        return self._client

    def _reopen(self) -> None:
        """RocksDB refuses everything after a failed write (a full disk, say), until it is opened anew: try that now and then."""
        with self._lock:
            if self._failed_at is None or self._path is None or self._client is None:
                return
            if time.monotonic() - self._failed_at < _REOPEN_AFTER_S:
                raise StoreUnavailable("the store's database has failed and is about to be opened again")
            self._failed_at = time.monotonic()
            self._client.close()
            self._client = self._open()
            self._failed_at = None
            _log.warning("store.reopened", path=str(self._path))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with _translated():
                yield
        except EngineFailed:
            self._failed_at = self._failed_at or time.monotonic()
            raise


def restore(backup: Path, folder: Path) -> None:
    """Make a new store's folder out of a backup file."""
    _refuse_unlike_a_backup(backup)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty")
    _prepare(folder)
    client = Client("rocksdb", str(folder), dataframe=False)
    try:
        with _translated():
            client.restore(str(backup))
    except (RuntimeError, StoreUnavailable) as error:
        raise InvalidFile(f"{backup} cannot be restored: {error}") from error
    finally:
        client.close()


def _prepare(folder: Path) -> None:
    """The engine takes its options from a file in its folder; one that is there already is the operator's."""
    folder.mkdir(parents=True, exist_ok=True)
    options = folder / "options"
    if not options.exists():
        options.write_text(files(__package__).joinpath("rocksdb.options").read_text(encoding="utf-8"), encoding="utf-8")


def _refuse_unlike_a_backup(path: Path) -> None:
    """The engine's backups are SQLite files; it panics on others."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_BACKUP_START))
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error.strerror}") from error
    if start != _BACKUP_START:
        raise InvalidFile(f"{path} is not a backup of a store")


class Transaction:
    """Writes gathered while the database's lock is held. Reads see what was committed before, not what was gathered."""

    def __init__(self, database: CozoDatabase) -> None:
        self._database = database
        self._writes: dict[str, list[Row]] = {}

    def read(self, name: str, **arguments: object) -> list[Row]:
        return self._database.read(name, **arguments)

    def write(self, name: str, rows: Sequence[Row]) -> None:
        if rows:
            self._writes.setdefault(name, []).extend(rows)

    def overwrite(self, name: str, rows: Sequence[Row]) -> None:
        """Write a row that may be written more than once in a transaction: the last one counts."""
        self._writes[name] = list(rows)

    def commit(self) -> None:
        if self._writes:
            self._database.commit(self._writes)
            self._writes = {}


class EngineFailed(StoreUnavailable):
    """RocksDB or the engine itself gave up; opening the database again may help."""


class _Conflict(Exception):
    """Somebody holds the key; the same script may be run again."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except QueryException as error:
        answer = error.resp if isinstance(error.resp, dict) else {"message": str(error.resp)}
        text = " ".join([str(answer.get("message", "")), *map(str, answer.get("causes", []))])
        if any(code in str(answer.get("code", "")) for code in _CONFLICTS):
            raise _Conflict(text) from None
        if "rocksdb" in str(answer.get("code", "")) or "RocksDB" in text:
            _log.error("store.engine_failed", reason=text)
            raise EngineFailed(f"the store's database failed: {text}") from None
        raise RuntimeError(f"the database refused a query: {text}") from None
    except (GrooveError, OSError):
        raise
    except Exception as error:
        # outside of scripts (backup, restore) the engine raises bare exceptions
        raise RuntimeError(" ".join(str(error).split())) from error
    except BaseException as error:
        if not _is_panic(error):
            raise
        _log.error("store.engine_panicked", reason=str(error))
        raise EngineFailed(f"the store's database panicked: {error}") from error


def _is_panic(error: BaseException) -> bool:
    """Rust panics arrive as a BaseException of a module that cannot be imported."""
    return type(error).__name__ == "PanicException"


def _is_from_the_engine(error: BaseException) -> bool:
    return isinstance(error, Exception) or _is_panic(error)


def _opening_failed(path: Path, reason: str) -> str:
    if "lock" in reason.lower():
        return f"the store in {path} is already open in another process"
    return f"the store in {path} cannot be opened: {' '.join(reason.split())[:300]}"

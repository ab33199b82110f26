"""What hooks did, as far as it was taken out of their spool: each line once, with what became of its decisions."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from worker.errors import InvalidFile
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_spool import SpoolRecord, read_spool_record

_NAME = "records.sqlite"
#: seconds for which another process may hold it
_PATIENCE_S = 30.0
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, consumed INTEGER NOT NULL, seen_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
  file TEXT NOT NULL, offset INTEGER NOT NULL, at INTEGER NOT NULL, session_id TEXT NOT NULL, line BLOB NOT NULL, state TEXT NOT NULL,
  reason TEXT NOT NULL, PRIMARY KEY (file, offset)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_session ON record (session_id, at);
CREATE INDEX IF NOT EXISTS record_waiting ON record (at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS damaged (
  file TEXT NOT NULL, offset INTEGER NOT NULL, line BLOB NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (file, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS compared (session_id TEXT PRIMARY KEY, agreement TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class RecordState(StrEnum):
    #: its decisions are not in the store yet
    WAITING = "waiting"
    STORED = "stored"
    #: the store took some or all of its decisions for wrong
    REFUSED = "refused"
    #: it holds none
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRecord:
    file: str
    #: bytes from the beginning of that file
    offset: int
    record: SpoolRecord
    state: RecordState
    #: why it was refused
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One that is not empty, as it stood in a spool."""

    offset: int
    line: bytes
    #: None: it is damaged
    record: SpoolRecord | None
    #: why it is
    reason: str = ""


class HookRecords:
    """Every call is a transaction of its own; several processes may have it open. Raises `InvalidFile` where it cannot be used."""

    def __init__(self, folder: HookFolder) -> None:
        self._path = folder.path / _NAME
        try:
            folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = sqlite3.connect(self._path, timeout=_PATIENCE_S, check_same_thread=False)
            self._database.executescript(_SCHEMA)
            self._path.chmod(0o600)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        self._database.close()

    # -- what comes out of spools

    def consumed(self, file: str, *, now: int) -> tuple[int, int]:
        """(bytes of that file that were taken in, when it was seen first in microseconds)."""
        for row in self._read("SELECT consumed, seen_at FROM file WHERE name = ?", file):
            return row[0], row[1]
        return 0, now

    def take(self, file: str, lines: Sequence[Line], *, consumed: int, seen_at: int) -> int:
        """Lines of a file and how far it was read, in one transaction -> how many were new."""
        with self._writing() as write:
            forgotten = {row[0] for row in self._database.execute("SELECT digest FROM forgotten")}
            new = 0
            for each in lines:
                if each.record is None:
                    write(
                        "INSERT OR IGNORE INTO damaged VALUES (?, ?, ?, ?)", file, each.offset, each.line, each.reason
                    )
                elif _digest(each.record.session_id) not in forgotten:
                    state = RecordState.WAITING if _has_decisions(each.record) else RecordState.NOTHING
                    new += write(
                        "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?, '')",
                        file,
                        each.offset,
                        each.record.at,
                        each.record.session_id,
                        each.line,
                        state.value,
                    )
            write("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", file, consumed, seen_at)
        return new

    # -- what becomes of them

    def waiting(self, *, limit: int) -> list[KeptRecord]:
        """Oldest first."""
        return self._kept("WHERE state = 'waiting' ORDER BY at, file, offset LIMIT ?", limit)

    def settle(self, settled: Iterable[tuple[KeptRecord, RecordState, str]]) -> None:
        """(record, what became of it, why it was refused)."""
        with self._writing() as write:
            for kept, state, reason in settled:
                write(
                    "UPDATE record SET state = ?, reason = ? WHERE file = ? AND offset = ?",
                    state.value,
                    reason,
                    kept.file,
                    kept.offset,
                )

    # -- what transcripts show beside them

    def note_comparison(self, session_id: str, agreement: str) -> None:
        """Note what an imported session's transcript shows beside these records."""
        with self._writing() as write:
            write("INSERT OR REPLACE INTO compared VALUES (?, ?)", session_id, agreement)

    def comparisons(self) -> dict[str, int]:
        """Agreement -> sessions."""
        return dict(self._read("SELECT agreement, count(*) FROM compared GROUP BY agreement"))

    def not_compared(self) -> int:
        """Sessions that took part by these records, and whose transcript was not imported yet."""
        states = ", ".join(f"'{state}'" for state in RecordState if state is not RecordState.NOTHING)
        query = "SELECT count(DISTINCT session_id) FROM record LEFT JOIN compared USING (session_id) WHERE agreement IS NULL"
        return int(self._read(f"{query} AND state IN ({states})")[0][0])

    # -- what is known

    def of_session(self, session_id: str) -> list[KeptRecord]:
        """Oldest first."""
        return self._kept("WHERE session_id = ? ORDER BY at, file, offset", session_id)

    def all(self) -> list[KeptRecord]:
        """Oldest first."""
        return self._kept("ORDER BY at, file, offset")

    def sessions(self) -> list[str]:
        return [row[0] for row in self._read("SELECT DISTINCT session_id FROM record ORDER BY session_id")]

    def damaged(self) -> int:
        """Lines that nobody could read: of hooks that were killed, or a disk that was full."""
        return int(self._read("SELECT count(*) FROM damaged")[0][0])

    def counts(self) -> dict[RecordState, int]:
        found = dict(self._read("SELECT state, count(*) FROM record GROUP BY state"))
        return {state: found.get(state.value, 0) for state in RecordState}

    def forget(self, session_ids: Iterable[str], *, dry_run: bool) -> int:
        """All that hooks recorded of these sessions goes; lines of them that come later are passed over -> how many there were."""
        ids = list(session_ids)
        if dry_run:
            return sum(len(self.of_session(session_id)) for session_id in ids)
        with self._writing() as write:
            gone = 0
            for session_id in ids:
                write("INSERT OR IGNORE INTO forgotten VALUES (?)", _digest(session_id))
                gone += write("DELETE FROM record WHERE session_id = ?", session_id)
                write("DELETE FROM compared WHERE session_id = ?", session_id)
        # a torn line may be of any session; deleted rows stay in the file's free pages and in its log
        with self._writing() as write:
            write("DELETE FROM damaged")
        self._database.execute("VACUUM")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def forget_unmatched(self, *, before: int) -> int:
        """Records from before that moment (microseconds) whose session was never imported go, as do torn lines -> how many there were.

        What the store has not taken yet stays.
        """
        imported = "SELECT session_id FROM compared WHERE agreement != 'neither'"
        with self._writing() as write:
            gone: int = write(
                f"DELETE FROM record WHERE at < ? AND state != 'waiting' AND session_id NOT IN ({imported})",  # noqa: S608
                before,
            )
            gone += write("DELETE FROM damaged WHERE file IN (SELECT name FROM file WHERE seen_at < ?)", before)
            write(
                "DELETE FROM compared WHERE agreement = 'neither' AND session_id NOT IN (SELECT session_id FROM record)"
            )
            write("DELETE FROM file WHERE seen_at < ? AND name NOT IN (SELECT file FROM record)", before)
        return gone

    # -- below

    def _kept(self, rest: str, *arguments: object) -> list[KeptRecord]:
        rows = self._read(f"SELECT file, offset, line, state, reason FROM record {rest}", *arguments)  # noqa: S608 - no words of others
        return [
            KeptRecord(
                file=file,
                offset=offset,
                record=read_spool_record(bytes(line)),
                state=RecordState(state),
                reason=reason,
            )
            for file, offset, line, state, reason in rows
        ]

    def _read(self, query: str, *arguments: object) -> list[Any]:
        try:
            return self._database.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        def write(statement: str, *arguments: object) -> int:
            return self._database.execute(statement, arguments).rowcount

        try:
            with self._database:
                yield write
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> InvalidFile:
        return InvalidFile(f"{self._path}: the hooks' records cannot be used: {error}")


def is_recorded(folder: HookFolder) -> bool:
    """Whether anything ever was."""
    return (folder.path / _NAME).exists()


@contextmanager
def open_records(data_dir: Path) -> Iterator[HookRecords]:
    records = HookRecords(HookFolder(data_dir))
    try:
        yield records
    finally:
        records.close()


def _has_decisions(record: SpoolRecord) -> bool:
    return record.takes_part and bool(record.injected or record.withheld or record.excluded)


def _digest(session_id: str) -> str:
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()

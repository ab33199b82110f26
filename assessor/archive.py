"""What was read of a person's sessions: each session compressed in a file, and an index of where each file of theirs stands.

Assistants delete their session files after a month; whatever has been read once stays here until it is forgotten.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import zstandard
from pydantic import TypeAdapter

from assessor.places import SessionFile
from worker.errors import InvalidFile
from worker.formats.transcripts.session import ReadSession

_LEVEL = 9
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  sessions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  session_id TEXT PRIMARY KEY, project TEXT, started_at INTEGER, event_id TEXT NOT NULL, summary TEXT NOT NULL,
  survival_days INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS lines (line_id TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lines_of ON lines (session_id);
"""
_SESSION = TypeAdapter(ReadSession)


class FileState(StrEnum):
    READ = "read"
    #: all that it holds stands in another session
    COPY = "copy"
    #: made by a tool that called the assistant, not by a person
    TOOL = "tool"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """What became of one file when it was last read."""

    file: SessionFile
    state: FileState
    #: why it was refused, or of which session it is a copy
    reason: str = ""
    session_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEntry:
    """One session that was published: its event, and what a person is shown of it."""

    session_id: str
    event_id: str
    project: str | None = None
    #: microseconds
    started_at: int | None = None
    #: how its rules are known, outcome, parts, …: plain JSON values
    summary: dict[str, object]
    #: days after which the survival of its edits was last looked up; 0: never
    survival_days: int = 0


class Archive:
    """Open one at a time, by one process; every call is a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is missing. Raises `InvalidFile` where it cannot be used."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._index = sqlite3.connect(folder / "index.sqlite")
            self._index.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise InvalidFile(f"{folder}: the archive of sessions cannot be opened: {error}") from error

    def close(self) -> None:
        self._index.close()

    def file(self, path: Path) -> FileEntry | None:
        row = self._index.execute(
            "SELECT size, modified_ns, state, reason, sessions FROM files WHERE path = ?", (str(path),)
        ).fetchone()
        if row is None:
            return None
        size, modified_ns, state, reason, sessions = row
        return FileEntry(
            file=SessionFile(path=path, size=size, modified_ns=modified_ns),
            state=FileState(state),
            reason=reason,
            session_ids=tuple(json.loads(sessions)),
        )

    def remember_file(self, entry: FileEntry) -> None:
        file = entry.file
        with self._index:
            self._index.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                (
                    str(file.path),
                    file.size,
                    file.modified_ns,
                    entry.state.value,
                    entry.reason,
                    json.dumps(entry.session_ids),
                ),
            )

    def owners(self, line_ids: Iterable[str]) -> dict[str, str]:
        """Line id -> the session that it was first read in; those never seen are left out."""
        found = {}
        for line_id in line_ids:
            row = self._index.execute("SELECT session_id FROM lines WHERE line_id = ?", (line_id,)).fetchone()
            if row is not None:
                found[line_id] = row[0]
        return found

    def session(self, session_id: str) -> SessionEntry | None:
        row = self._index.execute(
            "SELECT session_id, event_id, project, started_at, summary, survival_days FROM sessions WHERE session_id = ?",
            (session_id,),
        ).fetchone()
        return _entry(row) if row else None

    def sessions(self) -> Iterator[SessionEntry]:
        """All of them, oldest first."""
        rows = self._index.execute(
            "SELECT session_id, event_id, project, started_at, summary, survival_days FROM sessions ORDER BY started_at, session_id"
        )
        yield from (_entry(row) for row in rows.fetchall())

    def keep(self, session: ReadSession, entry: SessionEntry, *, with_transcript: bool = True) -> None:
        """Store the session as it was read, secrets scrubbed by the caller, and what was made of it. The newest stays."""
        if with_transcript:
            self._write(self._place(session.session_id), _SESSION.dump_json(session))
        with self._index:
            self._index.execute(
                "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (
                    entry.session_id,
                    entry.project,
                    entry.started_at,
                    entry.event_id,
                    json.dumps(entry.summary, ensure_ascii=False),
                    entry.survival_days,
                ),
            )
            self._index.executemany(
                "INSERT OR IGNORE INTO lines VALUES (?, ?)",
                ((line_id, session.session_id) for line_id in session.line_ids),
            )

    def transcript(self, session_id: str) -> ReadSession | None:
        """As it was read; None where no transcript is kept. Raises `InvalidFile` when the file is damaged."""
        place = self._place(session_id)
        if not place.exists():
            return None
        try:
            return _SESSION.validate_json(zstandard.decompress(place.read_bytes()))
        except (OSError, ValueError, zstandard.ZstdError) as error:
            raise InvalidFile(f"{place}: the archived session is damaged: {error}") from error

    def is_forgotten(self, session_id: str) -> bool:
        """Whether a person had it forgotten: it is not imported again."""
        row = self._index.execute("SELECT 1 FROM forgotten WHERE digest = ?", (_digest(session_id),)).fetchone()
        return row is not None

    def forget(self, session_ids: Iterable[str]) -> int:
        """Remove all that is known of these sessions, for good -> how many were known. Only digests of their ids stay."""
        known = 0
        for session_id in session_ids:
            self._place(session_id).unlink(missing_ok=True)
            with self._index:
                self._index.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (_digest(session_id),))
                known += self._index.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,)).rowcount
                self._index.execute("DELETE FROM lines WHERE session_id = ?", (session_id,))
        return known

    def _place(self, session_id: str) -> Path:
        digest = _digest(session_id)
        return self._folder / digest[:2] / f"{digest[:32]}.json.zst"

    @staticmethod
    def _write(place: Path, content: bytes) -> None:
        place.parent.mkdir(exist_ok=True, mode=0o700)
        aside = place.with_suffix(".new")
        aside.write_bytes(zstandard.compress(content, _LEVEL))
        aside.replace(place)


def _digest(session_id: str) -> str:
    """Names a session's file: ids are anybody's text."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(row: tuple[str, str, str | None, int | None, str, int]) -> SessionEntry:
    session_id, event_id, project, started_at, summary, survival_days = row
    return SessionEntry(
        session_id=session_id,
        event_id=event_id,
        project=project,
        started_at=started_at,
        summary=json.loads(summary),
        survival_days=survival_days,
    )


@contextmanager
def open_archive(folder: Path) -> Iterator[Archive]:
    archive = Archive(folder)
    try:
        yield archive
    finally:
        archive.close()

"""What was read of a person's sessions: each session compressed in a file, and an index of what became of each file of theirs.

Assistants delete their session files after a month; whatever has been read once stays here until it is forgotten.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import zstandard
from pydantic import TypeAdapter

from assessor.edits import Edit, EditLog
from assessor.places import SessionFile
from worker.errors import InvalidFile
from worker.formats.transcripts.copies import Footprint
from worker.formats.transcripts.session import ReadSession

#: zstd's own default: more costs more time than reading does, and saves little
_LEVEL = 3
#: what a power cut takes from the end is read again, and published again as the same event
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS file (
  path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  sessions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (
  session_id TEXT PRIMARY KEY, project TEXT NOT NULL, started_at INTEGER, digest TEXT NOT NULL, footprint BLOB NOT NULL,
  event_id TEXT NOT NULL, revision INTEGER NOT NULL, assessment TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rules_edit (
  session_id TEXT NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL, old TEXT, new TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS rules_edit_session ON rules_edit (session_id);
CREATE TABLE IF NOT EXISTS forgotten (digest TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_SESSION = TypeAdapter(ReadSession)
_FOOTPRINT = TypeAdapter(Footprint)
_INDEX = "index.sqlite"
#: fields whose keys are (message_idx, index of the block): pairs in JSON
_BY_PLACE = ("exit_codes", "refusals", "answers")


class FileState(StrEnum):
    READ = "read"
    #: all that it holds stands in another session
    COPY = "copy"
    #: made by a tool that called the assistant, not by a person
    TOOL = "tool"
    REFUSED = "refused"
    #: of another project, or of nobody knows which
    ELSEWHERE = "elsewhere"
    #: all its sessions began before the time that was asked for
    EARLIER = "earlier"
    #: a person had its sessions forgotten
    FORGOTTEN = "forgotten"
    #: no session of any known assistant, in a folder that was named
    OTHER = "other"


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
    """One session that was read, and what was published of it."""

    session_id: str
    #: the project's folder
    project: str
    #: microseconds
    started_at: int | None = None
    #: digest of the session as it was read
    digest: str = ""
    #: of the event that was published last; empty: none was
    event_id: str = ""
    #: how many events of it were published
    revision: int = 0
    #: how its rules are known, its outcome with parts, …: plain JSON values
    assessment: Mapping[str, Any] = field(default_factory=dict)


class Archive:
    """Open in one process at a time; every call is a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is missing. Raises `InvalidFile` where it cannot be used."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._index = sqlite3.connect(folder / _INDEX)
            self._index.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise InvalidFile(f"{folder}: the archive of sessions cannot be opened: {error}") from error

    def close(self) -> None:
        self._index.close()

    # -- files

    def file(self, path: Path) -> FileEntry | None:
        row = self._one("SELECT size, modified_ns, state, reason, sessions FROM file WHERE path = ?", str(path))
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
        file, sessions = entry.file, json.dumps(entry.session_ids)
        values = (str(file.path), file.size, file.modified_ns, entry.state.value, entry.reason, sessions)
        self._write("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", *values)

    def owners(self) -> dict[str, SessionFile]:
        """Session -> the file that it was read from."""
        rows = self._index.execute(
            "SELECT value, file.path, size, modified_ns FROM file, json_each(file.sessions) WHERE state = ?",
            (FileState.READ,),
        )
        return {
            session_id: SessionFile(path=Path(path), size=size, modified_ns=modified_ns)
            for session_id, path, size, modified_ns in rows
        }

    # -- sessions

    def keep(self, session: ReadSession, *, project: str, footprint: Footprint, edits: EditLog) -> None:
        """Store a session as it was read, with its edits of rules files. The caller has scrubbed its secrets.

        What was published of the session stays known.
        """
        place = self._place(session.session_id)
        place.parent.mkdir(exist_ok=True, mode=0o700)
        aside = place.with_suffix(".new")
        content = _to_bytes(session)
        aside.write_bytes(zstandard.compress(content, _LEVEL))
        aside.replace(place)
        self._write(
            "INSERT INTO session VALUES (?, ?, ?, ?, ?, '', 0, '{}') ON CONFLICT (session_id) DO UPDATE SET "
            "project = excluded.project, started_at = excluded.started_at, digest = excluded.digest, footprint = excluded.footprint",
            session.session_id,
            project,
            session.started_at,
            hashlib.sha256(content).hexdigest(),
            zstandard.compress(_FOOTPRINT.dump_json(footprint)),
        )
        self._write("DELETE FROM rules_edit WHERE session_id = ?", session.session_id)
        for path, several in edits.edits.items():
            for edit in several:
                values = (session.session_id, path, edit.at, edit.old, edit.new)
                self._write("INSERT INTO rules_edit VALUES (?, ?, ?, ?, ?)", *values)

    def rules_edits(self, project: str) -> EditLog:
        """Edits of rules files in all sessions of a project."""
        rows = self._index.execute(
            "SELECT path, at, old, new FROM rules_edit JOIN session USING (session_id) WHERE project = ?", (project,)
        )
        log = EditLog()
        for path, at, old, new in rows.fetchall():
            log.edits.setdefault(path, set()).add(Edit(at=at, old=old, new=new))
        return log

    def transcript(self, session_id: str) -> ReadSession | None:
        """The session as it was read; None where it is not kept. Raises `InvalidFile` when the file is damaged."""
        place = self._place(session_id)
        if not place.exists():
            return None
        try:
            return _from_bytes(zstandard.decompress(place.read_bytes()))
        except (OSError, ValueError, zstandard.ZstdError) as error:
            raise InvalidFile(f"{place}: the archived session is damaged: {error}") from error

    def footprints(self) -> Iterator[Footprint]:
        for (content,) in self._index.execute("SELECT footprint FROM session").fetchall():
            yield _FOOTPRINT.validate_json(zstandard.decompress(content))

    def session(self, session_id: str) -> SessionEntry | None:
        return next(iter(self._entries(session_id, None)), None)

    def sessions(self, project: str | None = None) -> list[SessionEntry]:
        """Archived sessions of one project, or of all; oldest first."""
        return self._entries(None, project)

    def published(self, session_id: str, *, event_id: str, assessment: Mapping[str, Any]) -> None:
        """Remember the event that was published of a session, and what it was made of."""
        self._write(
            "UPDATE session SET event_id = ?, revision = revision + 1, assessment = ? WHERE session_id = ?",
            event_id,
            json.dumps(assessment, ensure_ascii=False),
            session_id,
        )

    def assessed(self, session_id: str, assessment: Mapping[str, Any]) -> None:
        """Remember what a session was assessed from where its event stays as it was published."""
        text = json.dumps(assessment, ensure_ascii=False)
        self._write("UPDATE session SET assessment = ? WHERE session_id = ?", text, session_id)

    # -- forgetting

    def is_forgotten(self, session_id: str) -> bool:
        """Whether a person had it forgotten: it is not imported again."""
        return self._one("SELECT 1 FROM forgotten WHERE digest = ?", _digest(session_id)) is not None

    def forget(self, session_ids: Iterable[str]) -> int:
        """Remove all that is known of these sessions, for good -> how many were known. Only digests of their ids stay."""
        known = 0
        for session_id in session_ids:
            self._place(session_id).unlink(missing_ok=True)
            self._write("INSERT OR IGNORE INTO forgotten VALUES (?)", _digest(session_id))
            self._write("DELETE FROM rules_edit WHERE session_id = ?", session_id)
            # a file that holds others too is read again without this one
            self._write("DELETE FROM file WHERE ? IN (SELECT value FROM json_each(sessions))", session_id)
            known += self._write("DELETE FROM session WHERE session_id = ?", session_id)
        # deleted rows stay in the file's free pages and in its log
        self._index.execute("VACUUM")
        self._index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return known

    # -- below

    def _entries(self, session_id: str | None, project: str | None) -> list[SessionEntry]:
        rows = self._index.execute(
            "SELECT session_id, project, started_at, digest, event_id, revision, assessment FROM session "
            "WHERE (:session_id IS NULL OR session_id = :session_id) AND (:project IS NULL OR project = :project) "
            "ORDER BY started_at, session_id",
            {"session_id": session_id, "project": project},
        )
        return [_entry(row) for row in rows.fetchall()]

    def _place(self, session_id: str) -> Path:
        digest = _digest(session_id)
        return self._folder / digest[:2] / f"{digest[:32]}.json.zst"

    def _one(self, query: str, *arguments: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._index.execute(query, arguments).fetchone()
        return row

    def _write(self, statement: str, *arguments: object) -> int:
        try:
            with self._index:
                return self._index.execute(statement, arguments).rowcount
        except sqlite3.Error as error:
            raise InvalidFile(f"{self._folder}: the archive of sessions cannot be written: {error}") from error


def _to_bytes(session: ReadSession) -> bytes:
    document = _SESSION.dump_python(session)
    return orjson.dumps(
        document | {name: list(document[name].items()) for name in _BY_PLACE}, option=orjson.OPT_NON_STR_KEYS
    )


def _from_bytes(data: bytes) -> ReadSession:
    document = orjson.loads(data)
    pairs = {name: {tuple(place): value for place, value in document.get(name, ())} for name in _BY_PLACE}
    return _SESSION.validate_python(document | pairs)


def _digest(session_id: str) -> str:
    """Names a session's file: ids are anybody's text."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(row: tuple[Any, ...]) -> SessionEntry:
    session_id, project, started_at, digest, event_id, revision, assessment = row
    return SessionEntry(
        session_id=session_id,
        project=project,
        started_at=started_at,
        digest=digest,
        event_id=event_id,
        revision=revision,
        assessment=json.loads(assessment),
    )


def is_archive(folder: Path) -> bool:
    """Whether an import ever opened one there."""
    return (folder / _INDEX).exists()


@contextmanager
def open_archive(folder: Path) -> Iterator[Archive]:
    archive = Archive(folder)
    try:
        yield archive
    finally:
        archive.close()

"""Session files -> archive: each file that changed is read, and told apart by what is in it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from assessor.archive import Archive, FileEntry, FileState
from assessor.belonging import belongs_to, is_elsewhere, project_of
from assessor.edits import EditLog
from assessor.places import Found, SessionFile, Unreadable
from assessor.scrubbing import scrubbed
from worker.errors import GrooveError, InvalidEvent
from worker.formats.transcripts.copies import footprint
from worker.formats.transcripts.opening import read_sessions
from worker.formats.transcripts.session import ReadSession

#: names of files whose edits inside sessions tell when rules changed
_RULES_FILES = ("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "GEMINI.md", "MEMORY.md", "copilot-instructions.md")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which sessions are asked for."""

    #: None: those of every project
    project: str | None
    #: microseconds; sessions that began earlier are passed over
    since: int | None = None
    #: the files were named one by one: they count for the project wherever their sessions ran
    is_named: bool = False

    def place(self, session: ReadSession) -> str | None:
        """The project that the session counts for; None where it is not asked for."""
        if self.since is not None and (session.started_at or 0) < self.since:
            return None
        if self.project is None:
            return project_of(session.cwd) if session.cwd else ""
        is_ours = self.is_named or (session.cwd is not None and belongs_to(session.cwd, self.project))
        return self.project if is_ours else None


@dataclass(kw_only=True, slots=True)
class Reading:
    """What was found, file by file; `copies` are told apart later, over all sessions at once."""

    files: dict[Path, FileEntry] = field(default_factory=dict)
    #: files of other projects, or of sessions before the time that was asked for
    elsewhere: int = 0
    #: lines passed over: reason -> count
    skipped: Counter[str] = field(default_factory=Counter)
    #: files that had changed since they were last read, or were new
    changed: int = 0


def read_files(
    found: Iterable[Found], archive: Archive, scope: Scope, *, seen: Callable[[Found], None] = lambda _: None
) -> Reading:
    """Read what changed, oldest knowledge first; `seen` is called after each file."""
    reading = Reading()
    for one in found:
        if isinstance(one, Unreadable):
            file = SessionFile(path=one.path, size=0, modified_ns=0)
            reading.files[one.path] = FileEntry(file=file, state=FileState.REFUSED, reason=one.reason)
        else:
            _take(one, archive, scope, reading)
        seen(one)
    return reading


def _take(file: SessionFile, archive: Archive, scope: Scope, reading: Reading) -> None:
    if scope.project is not None and not scope.is_named and is_elsewhere(file.path, scope.project):
        reading.elsewhere += 1
        return
    known = archive.file(file.path)
    entry = known if known is not None and known.file == file else _read(file, archive, scope, reading)
    if entry is None:
        reading.elsewhere += 1
        return
    reading.files[file.path] = entry


def _read(file: SessionFile, archive: Archive, scope: Scope, reading: Reading) -> FileEntry | None:
    """None where all its sessions are passed over."""
    kept: list[str] = []
    states: Counter[FileState] = Counter()
    try:
        for session in read_sessions(file.path):
            reading.skipped.update(session.skipped)
            project = scope.place(session)
            if project is None or archive.is_forgotten(session.session_id):
                continue
            state = FileState.TOOL if session.by_a_tool else FileState.READ
            states[state] += 1
            if state is FileState.READ:
                _keep(scrubbed(session), archive, project)
                kept.append(session.session_id)
        if not states:
            return None
    except GrooveError as error:
        if isinstance(error, InvalidEvent) or not kept:
            return _remembered(archive, FileEntry(file=file, state=FileState.REFUSED, reason=str(error)))
        raise
    reading.changed += 1
    state = FileState.READ if states[FileState.READ] else FileState.TOOL
    return _remembered(archive, FileEntry(file=file, state=state, session_ids=tuple(kept)))


def _keep(session: ReadSession, archive: Archive, project: str) -> None:
    edits = EditLog()
    edits.learn(session, _RULES_FILES)
    archive.keep(session, project=project, footprint=footprint(session), edits=edits)


def _remembered(archive: Archive, entry: FileEntry) -> FileEntry:
    archive.remember_file(entry)
    return entry

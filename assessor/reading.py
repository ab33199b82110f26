"""Session files -> archive: each file that changed is read, and told apart by what is in it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from assessor.archive import Archive, FileEntry, FileState
from assessor.belonging import Scope
from assessor.edits import EditLog
from assessor.places import Found, SessionFile, Unreadable
from assessor.scrubbing import scrubbed
from worker.errors import GrooveError, NoSession
from worker.formats.transcripts.copies import footprint
from worker.formats.transcripts.opening import read_sessions
from worker.formats.transcripts.session import ReadSession

#: names of files whose edits inside sessions tell when rules changed
_RULES_FILES = ("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "GEMINI.md", "MEMORY.md", "copilot-instructions.md")

#: endings that other documents have too
_DOCUMENTS = frozenset({".md", ".json"})
#: what a file is for every scope; the rest is told anew each time
_KEPT = frozenset({FileState.READ, FileState.COPY, FileState.TOOL, FileState.REFUSED})


@dataclass(kw_only=True, slots=True)
class Reading:
    """What was found, file by file; copies among different sessions are told apart later, over all sessions at once."""

    files: dict[Path, FileEntry] = field(default_factory=dict)
    #: lines passed over: reason -> count
    skipped: Counter[str] = field(default_factory=Counter)
    #: files that had changed since they were last read, or were new
    changed: int = 0


def read_files(
    found: Iterable[Found], archive: Archive, scope: Scope, *, seen: Callable[[Found], None] = lambda _: None
) -> Reading:
    """Read what changed; `seen` is called after each file. Of files that hold the same session the largest is read: it holds the others."""
    reader = _Reader(archive=archive, scope=scope, owners=archive.owners())
    for one in sorted(found, key=_largest_first):
        if isinstance(one, Unreadable):
            reader.refuse(SessionFile(path=one.path, size=0, modified_ns=0), one.reason)
        elif one.path not in reader.reading.files:
            reader.take(one)
        seen(one)
    return reader.reading


def _largest_first(one: Found) -> tuple[int, Path]:
    return (0 if isinstance(one, Unreadable) else -one.size), one.path


@dataclass(kw_only=True, slots=True)
class _Reader:
    archive: Archive
    scope: Scope
    #: session -> the file that it was read from, in this run or before
    owners: dict[str, SessionFile]
    reading: Reading = field(default_factory=Reading)

    def refuse(self, file: SessionFile, reason: str) -> None:
        self._tell(FileEntry(file=file, state=FileState.REFUSED, reason=reason))

    def take(self, file: SessionFile) -> None:
        if self.scope.passes_over(file.path):
            self._tell(FileEntry(file=file, state=FileState.ELSEWHERE))
            return
        known = self.archive.file(file.path)
        if known is None or known.file != file:
            self.reading.changed += 1
            known = self._read(file)
            if known.state in _KEPT:
                self.archive.remember_file(known)
        self._tell(known)

    def _tell(self, entry: FileEntry) -> None:
        self.reading.files[entry.file.path] = entry

    def _read(self, file: SessionFile) -> FileEntry:
        read: list[str] = []
        states: dict[FileState, str] = {}
        try:
            for session in read_sessions(file.path):
                self.reading.skipped.update(session.skipped)
                state, reason = self._keep(session, file)
                states.setdefault(state, reason)
                if state is FileState.READ:
                    read.append(session.session_id)
        except NoSession as error:
            return FileEntry(file=file, state=self._nobodys(file), reason=str(error))
        except GrooveError as error:
            return FileEntry(file=file, state=FileState.REFUSED, reason=str(error), session_ids=tuple(read))
        state = min(states, key=list(FileState).index, default=FileState.REFUSED)
        return FileEntry(file=file, state=state, reason=states.get(state, "no session"), session_ids=tuple(read))

    def _keep(self, session: ReadSession, file: SessionFile) -> tuple[FileState, str]:
        project = self.scope.place(session, file.path)
        if isinstance(project, FileState):
            return project, ""
        if self.archive.is_forgotten(session.session_id):
            return FileState.FORGOTTEN, ""
        if session.by_a_tool:
            return FileState.TOOL, ""
        if self._is_a_snapshot(session.session_id, file):
            return FileState.COPY, f"an earlier snapshot of session {session.session_id}"
        _keep(scrubbed(session), self.archive, project)
        return FileState.READ, ""

    def _is_a_snapshot(self, session_id: str, file: SessionFile) -> bool:
        owner = self.owners.get(session_id)
        if owner is not None and owner.path != file.path and owner.size >= file.size and owner.path.exists():
            return True
        if owner is not None and owner.path != file.path:
            reason = f"an earlier snapshot of session {session_id}"
            self.archive.remember_file(FileEntry(file=owner, state=FileState.COPY, reason=reason))
        self.owners[session_id] = file
        return False

    def _nobodys(self, file: SessionFile) -> FileState:
        """Below a folder that was named lie other documents too."""
        is_found = file.path.suffix in _DOCUMENTS and self.scope.named and file.path not in self.scope.named
        return FileState.OTHER if is_found else FileState.REFUSED


def _keep(session: ReadSession, archive: Archive, project: str) -> None:
    edits = EditLog()
    edits.learn(session, _RULES_FILES)
    archive.keep(session, project=project, footprint=footprint(session), edits=edits)

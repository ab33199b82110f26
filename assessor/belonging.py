"""Which project a session belongs to, the repository or else the folder that it was started in, and whether it is asked for."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assessor.archive import FileState
from assessor.git_history import GitHistory
from worker.formats.transcripts.session import ReadSession

#: a session's folder stands in one of its first lines
_HEAD_BYTES = 256 * 1024
_FOLDER = re.compile(rb'"cwd"\s*:\s*"((?:[^"\\]|\\.)*)"')
_GEMINI_HASH = re.compile(rb'"projectHash"\s*:\s*"([0-9a-f]{64})"')


@lru_cache(maxsize=4096)
def project_of(folder: str) -> str:
    """The top of the repository that holds the folder; the folder itself where there is none, or no longer any."""
    path = Path(folder)
    if not path.is_dir():
        return folder
    top = GitHistory(repository=path).top()
    return str((top or path).resolve())


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which sessions are asked for."""

    #: None: those of every project
    project: str | None
    #: microseconds; sessions that began earlier are passed over
    since: int | None = None
    #: files and folders that a person named: their sessions count for the project wherever they ran
    named: frozenset[Path] = frozenset()

    def passes_over(self, path: Path) -> bool:
        """Whether the file's first lines say that it is another project's, so that it need not be read."""
        return self.project is not None and not self.named and self._told(path, self.project) is False

    def place(self, session: ReadSession, path: Path) -> str | FileState:
        """The project that a session in this file counts for, or why it is not asked for."""
        if self.since is not None and (session.started_at or 0) < self.since:
            return FileState.EARLIER
        if self.project is None:
            return project_of(session.cwd) if session.cwd else FileState.ELSEWHERE
        is_ours = bool(self.named) or (
            self._has(session.cwd, self.project) if session.cwd else self._told(path, self.project) is True
        )
        return self.project if is_ours else FileState.ELSEWHERE

    def _told(self, path: Path, project: str) -> bool | None:
        """Whether the file's first lines name the project; None where they name none."""
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError:
            return None
        if found := _FOLDER.search(head):
            return self._has(found[1].decode("utf-8", "replace").replace("\\\\", "\\"), project)
        if found := _GEMINI_HASH.search(head):
            return found[1].decode() == hashlib.sha256(project.encode()).hexdigest()
        return None

    @staticmethod
    def _has(folder: str, project: str) -> bool:
        """Whether a session of this folder is one of the project's, worktrees of its repository included."""
        return folder == project or folder.startswith(f"{project}/") or project_of(folder) == project

"""Which project a session belongs to: the repository, or else the folder, that it was started in."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from assessor.git_history import GitHistory

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


def is_elsewhere(path: Path, project: str) -> bool:
    """Whether the file's first lines say that it is another project's; False where they do not tell."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    if found := _FOLDER.search(head):
        return not belongs_to(found[1].decode("utf-8", "replace").replace("\\\\", "\\"), project)
    if found := _GEMINI_HASH.search(head):
        return found[1].decode() != hashlib.sha256(project.encode()).hexdigest()
    return False


def belongs_to(folder: str, project: str) -> bool:
    """Whether a session of this folder is one of the project's, worktrees of its repository included."""
    return folder == project or folder.startswith(f"{project}/") or project_of(folder) == project

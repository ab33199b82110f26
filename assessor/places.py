"""Where session files lie: in the assistants' own folders, or below what a person names."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.formats.transcripts.subagents import files_beside

#: endings of files in which sessions are written; what a file really is, its content tells
_ENDINGS = (".jsonl", ".json", ".md", ".jsonl.gz", ".jsonl.zst")
#: folders below which nobody keeps sessions
_SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv", "__pycache__", "tool-results"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionFile:
    """A file that may hold sessions, as it stands on disk with its subagents' files: any of them may change alone."""

    path: Path
    #: bytes of them all
    size: int
    #: of the one that changed last
    modified_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A file or folder that cannot be looked at, with the reason."""

    path: Path
    reason: str


Found = SessionFile | Unreadable


def assistants_folders(environ: Mapping[str, str], home: Path) -> tuple[tuple[Path, str], ...]:
    """Folders in which assistants keep sessions, each with the pattern of its files."""
    claude = Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    codex = Path(environ.get("CODEX_HOME") or home / ".codex")
    return (
        (claude / "projects", "**/*.jsonl"),
        (codex / "sessions", "**/*.jsonl"),
        (codex / "archived_sessions", "**/*.jsonl"),
        (home / ".copilot" / "session-state", "*/events.jsonl"),
        (home / ".gemini" / "tmp", "*/chats/session-*.json*"),
    )


#: databases of assistants that are not read yet: name -> paths below the home folder
_NOT_READ = {
    "Cursor": (".config/Cursor/User", "Library/Application Support/Cursor/User", ".cursor/chats"),
    "VS Code Copilot chat": (
        ".config/Code/User/workspaceStorage",
        "Library/Application Support/Code/User/workspaceStorage",
    ),
    "opencode": (".local/share/opencode/opencode.db", ".local/share/opencode/storage"),
}


def assistants_not_read(home: Path) -> tuple[str, ...]:
    """Names of assistants whose sessions lie here in a form that is not read."""
    return tuple(
        name for name, places in _NOT_READ.items() if any(os.access(home / place, os.F_OK) for place in places)
    )


def own_sessions(environ: Mapping[str, str], home: Path) -> Iterator[Found]:
    """The session files of every assistant that keeps some here, in the order of their paths."""
    for folder, pattern in assistants_folders(environ, home):
        yield from _below(folder, pattern)


def named_sessions(paths: Iterable[Path]) -> Iterator[Found]:
    """Each named file, and the files below each named folder whose ending sessions have."""
    for path in paths:
        if path.is_dir():
            yield from (found for ending in _ENDINGS for found in _below(path, f"**/*{ending}"))
        else:
            yield _looked_at(path, path.parent)


def _below(folder: Path, pattern: str) -> Iterator[Found]:
    unreadable: list[Found] = []

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            unreadable.append(Unreadable(path=Path(error.filename), reason=f"cannot be opened: {error.strerror}"))

    for here, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            path = Path(here, name)
            if _matches(path.relative_to(folder), pattern) and not _is_a_part(path):
                yield _looked_at(path, folder)
    yield from unreadable


def _is_a_part(path: Path) -> bool:
    """A subagent's file belongs to the session beside whose file its folder stands, which is read with it."""
    if not path.name.startswith("agent-"):
        return False
    below = next((parent for parent in path.parents if parent.name == "subagents"), None)
    return below is not None and below.parent.with_suffix(".jsonl").is_file()


def _matches(path: Path, pattern: str) -> bool:
    below, _, name = pattern.rpartition("/")
    fits = path.match(name) if below.startswith("**") or not below else path.match(pattern)
    return fits and (below.startswith("**") or len(path.parts) == pattern.count("/") + 1)


def _looked_at(path: Path, folder: Path) -> Found:
    try:
        status = path.stat()
        beside = [file.stat() for file in files_beside(path)]
        leads_out = path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
    except OSError as error:
        return Unreadable(path=path, reason=f"cannot be read: {error.strerror}")
    if leads_out:
        return Unreadable(path=path, reason="a link that leads out of its folder: name the file itself to import it")
    if not stat.S_ISREG(status.st_mode):
        return Unreadable(path=path, reason="not a regular file")
    return SessionFile(
        path=path,
        size=status.st_size + sum(each.st_size for each in beside),
        modified_ns=max(status.st_mtime_ns, *(each.st_mtime_ns for each in beside), 0),
    )

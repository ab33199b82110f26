"""What became of every file that was found: counts that add up, and each file by its path."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessor.archive import FileEntry, FileState

#: states that files found are counted by; files of other projects, of earlier sessions and of nobody stand beside them
_COUNTED = (FileState.READ, FileState.COPY, FileState.TOOL, FileState.REFUSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileReport:
    files: Mapping[Path, FileEntry]

    @classmethod
    def of(cls, files: Mapping[Path, FileEntry], copies: Mapping[str, str]) -> "FileReport":
        """`copies`: session -> the session that holds all of it."""
        return cls(files={path: _as_copy(entry, copies) for path, entry in sorted(files.items())})

    @property
    def states(self) -> Counter[FileState]:
        return Counter(entry.state for entry in self.files.values())

    @property
    def found(self) -> int:
        """Session files of what was asked for: read, copies, tools' own and refused ones together."""
        return sum(self.states[state] for state in _COUNTED)

    @property
    def refusals(self) -> list[FileEntry]:
        return [entry for entry in self.files.values() if entry.state is FileState.REFUSED]

    def to_json(self) -> dict[str, Any]:
        states = self.states
        return {
            "found": self.found,
            **{str(state): states[state] for state in FileState},
            "files": {str(path): _told(entry) for path, entry in self.files.items()},
        }


def _as_copy(entry: FileEntry, copies: Mapping[str, str]) -> FileEntry:
    if entry.state is not FileState.READ or not all(session_id in copies for session_id in entry.session_ids):
        return entry
    owners = ", ".join(dict.fromkeys(copies[session_id] for session_id in entry.session_ids))
    return FileEntry(
        file=entry.file, state=FileState.COPY, reason=f"of session {owners}", session_ids=entry.session_ids
    )


def _told(entry: FileEntry) -> dict[str, Any]:
    return {"state": str(entry.state), "reason": entry.reason, "sessions": list(entry.session_ids)}

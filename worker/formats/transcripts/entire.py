"""Checkpoints of the tool Entire: `<aa>/<hash>/<n>/full.jsonl`, each a snapshot of a session as it was at one commit.

A session's snapshots grow, so the largest holds all others; what the checkpoints say of the assistant that wrote them can be wrong.
"""

import re
from collections.abc import Iterator
from pathlib import Path

SNAPSHOT = "full.jsonl"
_HEAD_BYTES = 1024 * 1024
_SESSION_ID = re.compile(rb'"(?:sessionId|session_id)"\s*:\s*"([^"\\]+)"')
_CODEX_ID = re.compile(rb'"type"\s*:\s*"session_meta".{0,400}?"id"\s*:\s*"([^"\\]+)"', re.DOTALL)


def snapshots(folder: Path) -> Iterator[Path]:
    """The largest snapshot of each session below a folder that holds a checkpoint branch; links are not followed."""
    largest: dict[object, tuple[int, Path]] = {}
    for file in sorted(folder.rglob(SNAPSHOT)):
        if not file.is_file() or file.is_symlink():
            continue
        size = file.stat().st_size
        session_id = _session_id(file) or file
        if session_id not in largest or largest[session_id][0] < size:
            largest[session_id] = (size, file)
    yield from (file for _, file in largest.values())


def _session_id(file: Path) -> bytes | None:
    """The id that stands first in the file: no line has to be read whole. None where the file cannot be read: opening it says why."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return None
    found = _CODEX_ID.search(head) or _SESSION_ID.search(head)
    return found[1] if found else None

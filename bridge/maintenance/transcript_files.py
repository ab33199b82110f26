"""Reads a session's `transcript_path`: below one configured folder, and nowhere that a link inside it points to."""

import errno
import os
import stat
from pathlib import Path

from worker.errors import InvalidEvent


def read_transcript_file(path: str, *, root: Path | None, max_bytes: int) -> bytes | None:
    """The file's bytes, or None while it is not there or cannot be read. Raises `InvalidEvent` for what may not be read."""
    if root is None:
        raise InvalidEvent("transcript_path: no folder is configured to read transcripts from (bridge.transcript_root)")
    base = root.resolve()
    try:
        file = (base / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidEvent(f"transcript_path: {error}") from error
    if not file.is_relative_to(base):
        raise InvalidEvent("transcript_path: outside of bridge.transcript_root")
    try:
        return _read(file, max_bytes)
    except OSError as error:
        if error.errno == errno.ELOOP:  # what newer Pythons leave unresolved
            raise InvalidEvent("transcript_path: a link that leads to itself") from error
        return None


def _read(file: Path, max_bytes: int) -> bytes:
    # nobody may be at the other end of a pipe: opening it must not wait
    opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise InvalidEvent("transcript_path: not a regular file")
        if found.st_size > max_bytes:
            raise InvalidEvent("transcript_path: the file is larger than bridge.max_message_bytes")
        with open(opened, "rb", closefd=False) as content:
            return content.read(max_bytes)
    finally:
        os.close(opened)

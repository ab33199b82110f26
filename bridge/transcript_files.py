"""Reads a session's `transcript_path`: below one configured folder, and nowhere that a link inside it points to."""

from pathlib import Path

from worker.errors import InvalidEvent


def read_transcript_file(path: str, *, root: Path | None, max_bytes: int) -> bytes | None:
    """The file's bytes, or None while it is not there. Raises `InvalidEvent` for a place that may not be read."""
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
        if file.stat().st_size > max_bytes:
            raise InvalidEvent("transcript_path: the file is larger than bridge.max_message_bytes")
        return file.read_bytes()
    except OSError:
        return None

"""A heartbeat that a health check can see: a file below the run folder, touched after every round of work.

It is empty while all goes well; else it says since when the part has waited, and for what.
"""

import contextlib
import time
from pathlib import Path

from worker.settings import Settings
from worker.settings.folders import make_private

#: seconds between two touches, at least
_INTERVAL_SECONDS = 1.0


class HeartbeatFile:
    """`beat` may be called as often as one likes."""

    def __init__(self, settings: Settings, part: str) -> None:
        self._file = heartbeat_file(settings, part)
        make_private(self._file.parent)
        self._next = 0.0
        self._waits_for = ""

    def beat(self, waits_for: str = "") -> None:
        """`waits_for`: what keeps the part from its work, for a person. A disk that is full keeps nobody from working."""
        with contextlib.suppress(OSError):
            self._beat(waits_for)

    def _beat(self, waits_for: str) -> None:
        if waits_for != self._waits_for:
            self._file.write_text(f"{time.time()} {waits_for}" if waits_for else "", encoding="utf-8")
            self._waits_for = waits_for
        if time.monotonic() >= self._next:
            self._file.touch()
            self._next = time.monotonic() + _INTERVAL_SECONDS

    def stop(self) -> None:
        self._file.unlink(missing_ok=True)


def heartbeat_age(settings: Settings, part: str) -> float | None:
    """Seconds since the last heartbeat; None when the part does not run here."""
    try:
        return max(0.0, time.time() - heartbeat_file(settings, part).stat().st_mtime)
    except FileNotFoundError:
        return None


def heartbeat_waits(settings: Settings, part: str) -> tuple[float, str] | None:
    """For how many seconds it has waited, and for what; None when it does not."""
    try:
        since, _, reason = heartbeat_file(settings, part).read_text(encoding="utf-8").partition(" ")
    except FileNotFoundError:
        return None
    return (max(0.0, time.time() - float(since)), reason) if reason else None


def heartbeat_file(settings: Settings, part: str) -> Path:
    return settings.run_dir / f"{part}.alive"

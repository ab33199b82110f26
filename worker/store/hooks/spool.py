"""Takes lines out of the spool, each of them once, while hooks append to it and whoever reads it may be killed.

The spool is renamed to a name that was never used before, so that a place in it (name, offset) means one line for good; lines and how far
the file was read are stored in one transaction. A hook that had opened the spool before still writes to the renamed file: it is read again
until no hook can have it open any more, and only then removed. What a killed hook left of a line waits as long for its end.
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_spool import SpoolRecord, read_spool_record, spool_line
from worker.store.hooks.records import HookRecords, Line
from worker.system.clock import MINUTE

#: an assistant ends its hooks after seconds
LAST_WRITE_AFTER = 10 * MINUTE
_RENAMED = "spool-*.jsonl"
#: bytes read at once; no line is as long
_PORTION = 4 << 20


def drain(folder: HookFolder, records: HookRecords, *, now: int, no_more_writers: bool = False) -> int:
    """-> lines that were new. The caller has `the_spool`.

    `no_more_writers`: nobody can have a renamed file open any more, whenever it was renamed. Raises `InvalidFile`.
    """
    new = 0
    try:
        _rename(folder, now)
        for path in sorted(folder.path.glob(_RENAMED)):
            new += _take_in(path, records, now, last_at=now if no_more_writers else now - LAST_WRITE_AFTER)
    except OSError as error:
        raise InvalidFile(f"{folder.path}: the hooks' spool cannot be read: {error}") from error
    return new


@contextmanager
def the_spool(folder: HookFolder, *, patient: bool) -> Iterator[bool]:
    """Hold the spool for one reader; hooks never ask. `patient`: wait for the others, else -> False when one has it."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
    except OSError as error:
        raise InvalidFile(f"{folder.path}: cannot be used: {error}") from error


def has_lines(folder: HookFolder) -> bool:
    """Whether hooks have written since it was drained; what is no file of theirs, whatever its name, is left alone."""
    try:
        status = folder.spool.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def append(folder: HookFolder, records: Iterable[SpoolRecord]) -> None:
    """Records of somebody who is no hook, in one write. Raises `InvalidFile` where that failed: a part is as good as none."""
    lines = b"".join(map(spool_line, records))
    try:
        number = os.open(folder.spool, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "ab", buffering=0) as file:
            if file.write(lines) != len(lines):
                raise InvalidFile(f"{folder.spool}: the disk is full")
    except OSError as error:
        raise InvalidFile(f"{folder.spool}: cannot be written: {error.strerror}") from error


def has_renamed(folder: HookFolder) -> bool:
    """Whether a hook may still write to a file that was drained."""
    return any(folder.path.glob(_RENAMED))


def _rename(folder: HookFolder, now: int) -> None:
    if has_lines(folder):
        folder.spool.rename(folder.path / f"spool-{now:017d}-{secrets.token_hex(4)}.jsonl")


def _take_in(path: Path, records: HookRecords, now: int, *, last_at: int) -> int:
    """The file goes once all of it is in and it was seen first before `last_at`."""
    new = 0
    consumed, seen_at = records.consumed(path.name, now=now)
    is_last = seen_at <= last_at
    with path.open("rb") as file:
        while True:
            file.seek(consumed)
            data = file.read(_PORTION)
            end = data.rfind(b"\n") + 1
            if not end and data and (is_last or len(data) == _PORTION):
                end = len(data)  # of a hook that is gone
            if not end:
                break
            new += records.take(path.name, list(_lines(data[:end], consumed)), consumed=consumed + end, seen_at=seen_at)
            consumed += end
    if is_last and path.stat().st_size == consumed:
        path.unlink()
    elif not consumed:
        records.take(path.name, [], consumed=0, seen_at=seen_at)
    return new


def _lines(data: bytes, start: int) -> Iterator[Line]:
    for line in data.split(b"\n"):
        if line.strip():
            try:
                yield Line(offset=start, line=line, record=read_spool_record(line))
            except InvalidEvent as error:
                yield Line(offset=start, line=line, record=None, reason=str(error))
        start += len(line) + 1

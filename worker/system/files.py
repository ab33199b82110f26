"""Files that a command writes: whole or not at all, so that a failure leaves the older one as it was."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

#: standard output, as commands are told it
STDOUT = Path("-")


@contextmanager
def written_whole(path: Path) -> Iterator[IO[str]]:
    """Text, UTF-8, that takes the file's place when the block has ended well. `-` is standard output.

    A pipe, a terminal or a device is written to directly: it holds nothing that could be lost. Raises `OSError`.
    """
    if path == STDOUT:
        sys.stdout.flush()
        with open(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as stream:  # noqa: PTH123 - a number has no path
            yield stream
    elif path.is_relative_to("/dev") or path.is_relative_to("/proc") or (path.exists() and not path.is_file()):
        with path.open("a", encoding="utf-8") as stream:
            yield stream
    else:
        with _beside(path.resolve()) as stream:
            yield stream


@contextmanager
def _beside(path: Path) -> Iterator[IO[str]]:
    """In the same folder, where renaming is one step; with the rights of the file that it replaces, or of a new one."""
    number, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with open(number, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a number has no path
            yield stream
            stream.flush()
            os.fchmod(number, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.fsync(number)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

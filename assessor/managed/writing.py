"""Files that people edit too: read as they are, written whole, one change of a project at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from worker.errors import InvalidFile
from worker.system.files import written_whole


def text_of(path: Path) -> bytes:
    """The file's content, empty where there is none. Raises `InvalidFile` for what is no text in UTF-8."""
    try:
        content = path.read_bytes()
        content.decode()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: not text in UTF-8") from error
    return content


def write_bytes(path: Path, content: bytes) -> None:
    """In the place of an older one in one step. Raises `OSError`."""
    with written_whole(path) as file:
        file.buffer.write(content)  # type: ignore[attr-defined]  # line ends as they are


@contextlib.contextmanager
def changing(root: Path) -> Iterator[None]:
    """One change at a time; the kernel's lock goes with the process. What cannot be written is told."""
    try:
        number = os.open(root, os.O_RDONLY)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield
        finally:
            os.close(number)
    except OSError as error:
        raise InvalidFile(f"{error.filename or root}: cannot be written: {error.strerror}") from error

"""Files as people hand them over: plain, compressed, from a pipe, or in a form that is named rather than refused line by line."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

import zstandard

from worker.errors import InvalidFile
from worker.formats.signatures import named_kind

#: standard input, as commands are told it
STDIN = Path("-")
#: UTF-8's byte order mark
_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
#: packed bytes that are unpacked at once
_PIECE = 1 << 12
#: bytes of its beginning by which a file's kind is told
_HEAD = 512
#: bytes of a line that are held; no event and no learning may be as long
_LONGEST_LINE = 256 << 20


def check_there(path: Path) -> None:
    """Raises `InvalidFile` before any work is done for it. A pipe counts: it is read once, later."""
    if path == STDIN:
        return
    if path.is_dir():
        raise InvalidFile(f"{path}: is a folder, not a file")
    if not path.exists():
        raise InvalidFile(f"{path}: no such file")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where they are gzip's or zstd's; `-` is standard input. Raises `InvalidFile`."""
    check_there(path)
    try:
        with io.BufferedReader(_raw(path)) as file:
            yield _unpacked(path, file)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        told = getattr(error, "strerror", None) or f"cannot be unpacked: {error}"
        raise InvalidFile(f"{path}: {told}") from error


def json_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """(place, line) of every line that is not blank. Raises `InvalidFile`, also once for JSON that is not one object per line."""
    is_first = True
    with opened(path) as file:
        for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), b""), 1):
            if len(line) == _LONGEST_LINE:
                raise InvalidFile(f"{path}:{number}: longer than {_LONGEST_LINE >> 20} MB, which no event is")
            if text := (line.removeprefix(_MARK) if number == 1 else line).strip():
                if is_first:
                    _refuse_other_json(path, text)
                is_first = False
                yield f"{path}:{number}", text


def _raw(path: Path) -> io.RawIOBase:
    # a pipe has no second beginning: it is opened once, and looked into without being moved
    return cast("io.RawIOBase", sys.stdin.buffer if path == STDIN else path.open("rb", buffering=0))


def _unpacked(path: Path, file: "io.BufferedReader[io.RawIOBase]") -> IO[bytes]:
    beginning = file.peek(_HEAD)[:_HEAD]
    if beginning.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if beginning.startswith(_ZSTD):
        return io.BufferedReader(_Zstd(file))
    if kind := named_kind(beginning):
        raise InvalidFile(f"{path}: this is {kind}; UTF-8 text is read, plain or compressed with gzip or zstd")
    return file


class _Zstd(io.RawIOBase):
    """Frames one behind the other. zstandard's own reader ends without a word where a file was cut off; this one raises `EOFError`."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._left, self._ready = b"", io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what io.BufferedReader hands over
        while not (size := self._ready.readinto(buffer)) and self._unpack():
            pass
        return size

    def _unpack(self) -> bool:
        """The next piece -> whether there was one."""
        packed = self._left or self._packed.read(_PIECE)
        if not packed and self._frame:
            raise EOFError("it ends in the middle")
        if not packed:
            return False
        self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._ready = io.BytesIO(self._frame.decompress(packed))
        self._left = self._frame.unused_data if self._frame.eof else b""
        self._frame = None if self._frame.eof else self._frame
        return True


def _refuse_other_json(path: Path, text: bytes) -> None:
    if text.startswith(b"["):
        raise InvalidFile(f"{path}: a JSON array; one object per line is read: `jq -c '.[]' FILE` makes that of it")
    if text == b"{":
        raise InvalidFile(
            f"{path}: JSON over several lines; one object per line is read: `jq -c . FILE` makes that of it"
        )

"""Files of events and learnings in the forms in which people have them."""

import gzip
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zstandard

from worker.cli.support.input_files import check_there, json_lines, opened
from worker.cli.support.jsonl import Line, Refusal, read_events
from worker.errors import InvalidFile

EVENT = b'{"session_id": "s", "outcome": 1}'
CONTENT = EVENT + b"\n\n" + EVENT + b"\n"
NOW = 1_768_940_047_000_000


def lines(path: Path) -> list[tuple[str, bytes]]:
    return list(json_lines(path))


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize(
    "written",
    [
        CONTENT,
        CONTENT.replace(b"\n", b"\r\n"),
        gzip.compress(CONTENT, mtime=0),
        gzip.compress(EVENT + b"\n\n", mtime=0) + gzip.compress(EVENT, mtime=0),
        zstd(CONTENT),
        zstd(EVENT + b"\n\n") + zstd(EVENT),
    ],
)
def test_plain_and_compressed_files_are_read_alike(tmp_path: Path, written: bytes) -> None:
    """What a file is packed with is told by its beginning, not by its name; several parts one behind the other are one file."""
    path = tmp_path / "events"
    path.write_bytes(written)
    assert lines(path) == [(f"{path}:1", EVENT), (f"{path}:3", EVENT)]


def test_a_byte_order_mark_costs_no_line(tmp_path: Path) -> None:
    """The first line of a file that an editor has marked is an event like the others."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + CONTENT)
    read = list(read_events(path, now=NOW, max_bytes=10_000))
    assert [type(line) for line in read] == [Line, Line]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\x00{", "UTF-16"),
        ("x\n".encode("utf-32"), "UTF-32"),
        (EVENT.decode().encode("utf-16-le"), "UTF-16"),
        (EVENT.decode().encode("utf-16-be"), "UTF-16"),
        (b"PK\x03\x04rest", "zip"),
        (b"7z\xbc\xaf\x27\x1crest", "7-Zip"),
        (b"\x04\x22\x4d\x18rest", "lz4"),
        (b"events.jsonl".ljust(257, b"\0") + b"ustar\x0000", "tar"),
        (b"BZh9rest", "bzip2"),
        (b"\xfd7zXZ\x00rest", "xz"),
        (gzip.compress(CONTENT, mtime=0)[:30], "unpacked"),
        (gzip.compress(CONTENT, mtime=0)[:-9] + b"123456789", "unpacked"),
        (zstd(CONTENT)[:12] + b"\xff" * 20, "unpacked"),
        (zstd(CONTENT)[:-3], "unpacked"),
        (b"[\n" + EVENT + b"\n]\n", "JSON array"),
        (b"[" + EVENT + b"]", "JSON array"),
        (b'{\n "session_id": "s"\n}\n', "several lines"),
        (b'\xef\xbb\xbf\n{\n "session_id": "s"\n}\n', "several lines"),
    ],
)
def test_another_kind_of_file_is_named_once(tmp_path: Path, written: bytes, told: str) -> None:
    """One line for the file instead of a refusal for each of its lines."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(written)
    with pytest.raises(InvalidFile, match=told) as refused:
        lines(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_line_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed bytes may stand for any number, and a device never ends."""
    monkeypatch.setattr("worker.cli.support.input_files._LONGEST_LINE", 1 << 20)
    path = tmp_path / "events.jsonl"
    path.write_bytes(zstd(bytes(EVENT) + b" " * (2 << 20)))
    for endless in (path, Path("/dev/zero")):
        with pytest.raises(InvalidFile, match=r":1: longer than 1 MB"):
            lines(endless)


def test_one_broken_line_is_refused_with_its_place(tmp_path: Path) -> None:
    """The lines around it are read."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(EVENT + b"\n{\n" + EVENT)
    read = list(read_events(path, now=NOW, max_bytes=10_000))
    assert [type(line) for line in read] == [Line, Refusal, Line]


def test_standard_input_is_a_file_called_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed or not."""
    check_there(Path("-"))
    for content in (CONTENT, gzip.compress(CONTENT, mtime=0)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert [text for _, text in json_lines(Path("-"))] == [EVENT, EVENT]


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """As a shell makes one of `<(zcat …)`."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    check_there(path)
    writer = threading.Thread(target=path.write_bytes, args=(CONTENT,))
    writer.start()
    assert [text for _, text in json_lines(path)] == [EVENT, EVENT]
    writer.join()


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path: Path) -> None:
    """Each for what it is."""
    with pytest.raises(InvalidFile, match="is a folder"):
        check_there(tmp_path)
    with pytest.raises(InvalidFile, match="no such file"), opened(tmp_path / "none"):
        pass


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_an_output_that_cannot_say_a_character_spells_it_out(tmp_path: Path, encoding: str) -> None:
    """A cron job's ASCII or an old terminal gets every line, and no traceback."""
    path = tmp_path / "é\u2014\U0001f600.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "publish", str(path)],
        env=os.environ | {"PYTHONIOENCODING": encoding, "GROOVE_EVENT_LOG": "memory://"},
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert b"no such file" in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode("utf-8" if encoding == "ascii" else encoding)  # to ASCII, click says UTF-8

"""A file, bytes or a stream of any known format -> the sessions in it, read as they come and never held whole where they are lines."""

import io
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from worker.domain import Transcript
from worker.errors import InvalidEvent, InvalidFile
from worker.formats.transcripts import aider, atif, claude_code, codex, copilot_cli, gemini_cli, messages, specstory
from worker.formats.transcripts.lines import DAMAGED, MAX_LINE_BYTES, parse_json, parse_object, read_lines
from worker.formats.transcripts.recognise import (
    document_harness,
    line_harness,
    lines_refusal,
    markdown_harness,
    refuse_other_bytes,
)
from worker.formats.transcripts.session import Harness, ReadSession
from worker.formats.transcripts.subagents import fold_in_files

#: a document has to be held whole to be read, unlike lines
MAX_DOCUMENT_BYTES = 512 * 1024 * 1024
_HEAD_BYTES = 64 * 1024
#: how far the format is looked for: metadata may stand before the first message
_LINES_AHEAD = 2_000
_BYTES_AHEAD = 16 * 1024 * 1024
#: if none of so many lines is an object, all of them are one document
_LINES_OF_A_DOCUMENT = 50

_LINE_READERS: Mapping[Harness, Callable[[Iterable[bytes], Counter[str]], ReadSession]] = {
    Harness.CLAUDE_CODE: claude_code.read,
    Harness.CODEX: codex.read,
    Harness.COPILOT_CLI: copilot_cli.read,
    Harness.GEMINI_CLI: gemini_cli.read,
    Harness.MESSAGES: messages.read,
}
_DOCUMENT_READERS: Mapping[Harness, Callable[[Any, Counter[str]], ReadSession]] = {
    Harness.ATIF: atif.read_document,
    Harness.GEMINI_CLI: gemini_cli.read_document,
    Harness.MESSAGES: messages.read_document,
}
_TEXT_READERS: Mapping[Harness, Callable[[Iterable[str], Counter[str]], Iterator[ReadSession]]] = {
    Harness.AIDER: aider.read,
    Harness.SPECSTORY: specstory.read,
}


def open_session(source: Path | bytes | BinaryIO) -> ReadSession:
    """The one session in a file, bytes or a stream; a Claude Code session with its subagents' files beside it.

    Raises `InvalidEvent` where there is none, more than one, or a format that is not read (its message names it);
    `InvalidFile` where the path is no regular file that can be read.
    """
    sessions = list(islice(read_sessions(source), 2))
    if len(sessions) != 1:
        raise InvalidEvent("the file holds several sessions, where one is asked for" if sessions else "no session")
    return sessions[0]


def read_transcript(data: bytes) -> Transcript:
    """What was said and done in the one session that these bytes hold. Raises `InvalidEvent`."""
    return open_session(data).transcript


def read_sessions(source: Path | bytes | BinaryIO) -> Iterator[ReadSession]:
    """All sessions in a file, bytes or a stream, one after the other; errors as `open_session`."""
    if isinstance(source, Path):
        with _regular_file(source) as stream:
            for session in _read(stream):
                yield fold_in_files(session, source, read=open_session)
        return
    raw: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    buffered = io.BufferedReader(raw, _HEAD_BYTES)
    try:
        yield from _read(buffered)
    finally:
        buffered.detach()  # the stream is the caller's to close


@contextmanager
def _regular_file(path: Path) -> Iterator[Any]:
    try:
        with os.fdopen(_descriptor(path), "rb", buffering=_HEAD_BYTES) as stream:
            yield stream
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror or error}") from error


def _descriptor(path: Path) -> int:
    """Opened without waiting: a named pipe or a device would never end."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        file = os.open(path, flags)
    except ValueError as error:
        raise InvalidFile(f"{str(path)!r}: not a path") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise InvalidFile(f"{path}: not a regular file")
    return file


def _read(stream: Any) -> Iterator[ReadSession]:
    skipped: Counter[str] = Counter()
    head = stream.peek(_HEAD_BYTES)
    refuse_other_bytes(head)
    try:
        if harness := markdown_harness(head):
            yield from _TEXT_READERS[harness](_text_lines(stream), skipped)
        else:
            yield from _read_json(read_lines(stream, skipped), skipped)
    except RecursionError as error:
        raise InvalidEvent("the transcript is nested too deeply") from error


def _text_lines(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(MAX_LINE_BYTES):
        yield line.decode("utf-8-sig", "replace").rstrip("\r\n")


def _read_json(lines: Iterator[bytes], skipped: Counter[str]) -> Iterator[ReadSession]:
    ahead = list(islice(lines, _LINES_OF_A_DOCUMENT))
    if not ahead:
        reason = ", ".join(f"{count} × {what}" for what, count in skipped.items())
        raise InvalidEvent(f"the transcript holds no message{f' ({reason})' if reason else ''}")
    if document_harness(parse_json(ahead[0])):
        yield from _documents(chain(ahead, lines), skipped)
        return
    if ahead[0] == b"[" or not any(map(parse_object, ahead)):
        ahead = _whole(ahead, lines)
        value = parse_json(b"\n".join(ahead))
        if harness := document_harness(value):
            yield _DOCUMENT_READERS[harness](value, skipped)
            return
    yield _read_lines(ahead, lines, skipped)


def _documents(lines: Iterable[bytes], skipped: Counter[str]) -> Iterator[ReadSession]:
    """One document, or one per line."""
    for line in lines:
        value = parse_json(line)
        if harness := document_harness(value):
            yield _DOCUMENT_READERS[harness](value, skipped)
        else:
            skipped[DAMAGED] += 1


def _whole(ahead: list[bytes], lines: Iterator[bytes]) -> list[bytes]:
    size = sum(map(len, ahead))
    for line in lines:
        size += len(line)
        if size > MAX_DOCUMENT_BYTES:
            raise InvalidEvent(f"the document is larger than {MAX_DOCUMENT_BYTES >> 20} MB: not read")
        ahead.append(line)
    return ahead


def _read_lines(ahead: list[bytes], lines: Iterator[bytes], skipped: Counter[str]) -> ReadSession:
    entries: list[dict[str, Any]] = []
    seen: list[bytes] = []
    size = 0
    following = chain(ahead, lines)
    for line in islice(following, _LINES_AHEAD):
        seen.append(line)
        size += len(line)
        entry = parse_object(line)
        if entry is not None:
            if harness := line_harness(entry):
                return _LINE_READERS[harness](chain(seen, following), skipped)
            entries.append(entry)
        if size > _BYTES_AHEAD:
            break
    raise lines_refusal(entries)

"""A session file's lines, one at a time and each of bounded length, and the JSON object that a line holds."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

#: a longer line is passed over: no message is that long
MAX_LINE_BYTES = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
#: what may stand around a line's JSON; a crash leaves runs of NUL
_AROUND = b" \t\r\n\0"

DAMAGED = "damaged line"


def read_lines(stream: BinaryIO, skipped: Counter[str]) -> Iterator[bytes]:
    """Lines that hold anything, without what stands around them; others are counted in `skipped` by reason."""
    is_first = True
    while line := stream.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_rest_of_line(stream)
            skipped["line too long"] += 1
            continue
        bare = (line.removeprefix(_BOM) if is_first else line).strip(_AROUND)
        is_first = False
        if bare:
            yield bare
        elif b"\0" in line:
            skipped[DAMAGED] += 1


def _skip_rest_of_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def parse_object(line: bytes) -> dict[str, Any] | None:
    """The JSON object on a line; None where it holds none."""
    value = parse_json(line)
    return value if isinstance(value, dict) else None


def parse_json(data: bytes) -> Any:
    """Any JSON value; None where it is not JSON, or nested too deeply to be read."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:  # half a surrogate pair and integers beyond 64 bits are read by the slower parser only
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def names(text: str) -> frozenset[str]:
    """The words of a text, for tables of the types that a format knows."""
    return frozenset(text.split())


def objects(lines: Iterator[bytes], skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    """The objects of all lines; what is none is counted."""
    for line in lines:
        entry = parse_object(line)
        if entry is None:
            skipped[DAMAGED] += 1
        else:
            yield entry

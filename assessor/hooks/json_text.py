"""A JSON text into which entries are put and from which they are taken, while all else stays as it is, byte for byte."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from worker.errors import InvalidFile

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A member of an object or an element of an array: where it begins, where its value does, where it ends."""

    key: str | None
    start: int
    value: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Container:
    opening: int
    closing: int
    parts: tuple[_Part, ...]


def read(text: str) -> dict[str, Any]:
    """Raises `InvalidFile` for what is no JSON object, comments included, or names a member twice."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidFile("not a JSON object")
    return value


def appended(text: str, path: Sequence[str], value: object) -> str:
    """The text with `value` added at the end of the array at `path`; missing objects and a missing array are made.

    The text is one that `read` takes. Raises `InvalidFile` where something else stands on the path.
    """
    place = _root(text)
    for depth, key in enumerate(path):
        here = _container(text, place, "{", path[:depth])
        found = next((part for part in here.parts if part.key == key), None)
        if found is None:
            for name in reversed(path[depth + 1 :]):
                value = {name: value} if name != path[-1] else {name: [value]}
            return _put_in(text, here, value if depth < len(path) - 1 else [value], key=key)
        place = found.value
    return _put_in(text, _container(text, place, "[", path), value)


def without(text: str, path: Sequence[str], is_ours: Callable[[Any], bool]) -> str:
    """Without the elements of the array at `path` that are ours; what is empty then goes too."""
    place = _root(text)
    places: list[tuple[_Container, _Part]] = []
    for key in path:
        here = _container(text, place, "{", path)
        found = next((part for part in here.parts if part.key == key), None)
        if found is None:
            return text
        places.append((here, found))
        place = found.value
    array = _container(text, place, "[", path)
    ours = [part for part in array.parts if is_ours(json.loads(text[part.value : part.end]))]
    if not ours:
        return text
    if len(ours) < len(array.parts):
        kept = text
        for part in reversed(ours):
            now = _container(kept, place, "[", path)
            kept = _taken_out(kept, now, next(each for each in now.parts if each.start == part.start))
        return kept
    for here, part in reversed(places):
        if len(here.parts) > 1 or here.opening == _root(text):
            return _taken_out(text, here, part)
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _root(text: str) -> int:
    return _after_space(text, 0)


def _container(text: str, at: int, bracket: str, path: Sequence[str]) -> _Container:
    if text[at] != bracket:
        raise InvalidFile(f"{'.'.join(path) or 'the file'} is no {'object' if bracket == '{' else 'array'}")
    parts: list[_Part] = []
    place = _after_space(text, at + 1)
    while text[place] not in "]}":
        start, key = place, None
        if bracket == "{":
            key, place = _DECODER.raw_decode(text, place)
            place = _after_space(text, _after_space(text, place) + 1)
        value = place
        _, end = _DECODER.raw_decode(text, place)
        parts.append(_Part(key=key, start=start, value=value, end=end))
        place = _after_space(text, end)
        if text[place] == ",":
            place = _after_space(text, place + 1)
    return _Container(opening=at, closing=place, parts=tuple(parts))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None, "any space, or none"
    return found.end()


def _put_in(text: str, here: _Container, value: object, *, key: str | None = None) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    outer, inner = _indents(text, here)
    unit = inner.removeprefix(outer) or "  "
    label = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
    if "\n" not in text.strip() and len(text.strip()) > 2:  # all in one line: so it stays
        body = label + json.dumps(value, ensure_ascii=False)
        return text[: here.closing] + (", " if here.parts else "") + body + text[here.closing :]
    lines = json.dumps(value, ensure_ascii=False, indent=unit).split("\n")
    body = inner + label + f"{newline}{inner}".join(lines)
    if here.parts:
        end = here.parts[-1].end
        return f"{text[:end]},{newline}{body}{text[end:]}"
    return f"{text[: here.opening + 1]}{newline}{body}{newline}{outer}{text[here.closing :]}"


def _indents(text: str, here: _Container) -> tuple[str, str]:
    """The indentation of the container's own line, and that of its content."""
    outer = _indent_at(text, here.opening)
    own_line = here.parts and "\n" in text[here.opening : here.parts[0].start]
    if own_line:
        return outer, _indent_at(text, here.parts[0].start)
    first = re.search(r"\n([ \t]+)\S", text)
    return outer, outer + (first[1] if first else "  ")


def _indent_at(text: str, at: int) -> str:
    line = text.rfind("\n", 0, at) + 1
    found = re.compile(r"[ \t]*").match(text, line)
    assert found is not None, "any space, or none"
    return found[0]


def _taken_out(text: str, here: _Container, part: _Part) -> str:
    place = here.parts.index(part)
    if len(here.parts) == 1:
        return text[: here.opening + 1] + text[here.closing :]
    if place:
        return text[: here.parts[place - 1].end] + text[part.end :]
    return text[: part.start] + text[here.parts[1].start :]

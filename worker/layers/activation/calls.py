"""A call of any assistant's tools -> what it ran, wrote and named: its commands, the lines that are new, and the files.

Lines that an edit or a patch only keeps or removes are not written. What a tool answered inside a call's text is no part of it.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.domain import Block
from worker.formats.transcripts.lines import names
from worker.formats.transcripts.tools import Purpose, command_of, path_of, plain_name, purpose_of, sides

_OLD_SIDE = names("oldstring oldstr search oldtext oldsource oldcode")
_NEW_SIDE = names(
    "newstring newstr replace newtext newsource newcode content filetext text contents body code codeedit insertedtext"
)
_SAID = names("description explanation goal justification reason")
_PATCH = re.compile(r"^\*\*\* Begin Patch$|^(?:---|\+\+\+) [ab]/", re.MULTILINE)
_PATCHED = re.compile(r"^(?:\*\*\* (?:Add|Update|Delete) File: |\*\*\* Move to: |\+\+\+ b/)(.+)$", re.MULTILINE)
#: `<<EOF`, `<<-'EOF'`
_HERE_DOCUMENT = re.compile(r"<<-?[ \t]*(['\"]?)(?P<end>[A-Za-z_]\w*)\1")
#: `cat > file`, `cat >> 'file'`, `tee -a file`; what goes on to another program is not written
_INTO_FILE = re.compile(
    r"(?:^|&&|;)\s*(?:sudo\s+)?cat\b[^|;&>]*>{1,2}\s*['\"]?(?P<cat>[^\s'\"|;&<>]+)['\"]?\s*(?:$|&&|;)"
    r"|\btee\s+(?:-a\s+)?['\"]?(?P<tee>[^\s'\"|;&<>-][^\s'\"|;&<>]*)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """Text that a call puts into a file."""

    path: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What one call did. `named` says the rest: the tool and its input, where nothing was run or written."""

    named: str = ""
    ran: str = ""
    said: str = ""
    written: tuple[Written, ...] = ()


def done_by(block: Block) -> Done:
    """`block` is a call that was carried out."""
    tool, given = block.tool or "", block.input
    patch = _patch(given, block.text)
    if patch is not None:
        return Done(written=tuple(_patched(patch)))
    if given is None:
        return _by_text(tool, block.text)
    command = command_of(tool, given, block.text)
    if command is not None:
        return _by_shell(command, _first(given, _SAID))
    if purpose_of(tool) is Purpose.EDIT or _OLD_SIDE & {plain_name(name) for name in given} or _first(given, _NEW_SIDE):
        return Done(written=tuple(_edits(given)))
    return Done(named=block.text)


def _by_text(tool: str, text: str) -> Done:
    """A call whose input is known as text only: its first line names it, the rest is what it writes, or an answer that came along."""
    head, _, rest = text.partition("\n")
    purpose = purpose_of(tool)
    if purpose is Purpose.SHELL:
        return _by_shell(command_of(tool, None, text) or "")
    if purpose in (Purpose.EDIT, Purpose.OTHER):
        return Done(written=(Written(path=head, text=rest),))
    return Done(named=head if purpose in (Purpose.READ, Purpose.SEARCH, Purpose.WEB, Purpose.DELEGATE) else text)


def _by_shell(command: str, said: str = "") -> Done:
    """A here-document that goes into a file is written, and not run line by line; one that a program reads stays with its command."""
    lines = command.split("\n")
    ends: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        ends.setdefault(line.strip(), []).append(number)
    ran: list[str] = []
    written: list[Written] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        ran.append(line)
        number += 1
        found = _HERE_DOCUMENT.search(line)
        place = _INTO_FILE.search(line.replace(found[0], " ", 1)) if found else None
        if found and place:
            after = ends.get(found["end"], [])
            end = bisect_left(after, number)
            if end < len(after):
                written.append(Written(path=place["cat"] or place["tee"], text="\n".join(lines[number : after[end]])))
                number = after[end] + 1
    return Done(ran="\n".join(ran), said=said, written=tuple(written))


def _patch(given: Mapping[str, Any] | None, text: str) -> str | None:
    """The patch that a call applies, through a tool of its own or through a shell."""
    values = [text] if given is None else [part for value in given.values() for part in _texts(value)]
    return next((value for value in values if "*** Begin Patch" in value and _PATCH.search(value)), None)


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [part for part in value if isinstance(part, str)]
    return [value] if isinstance(value, str) else []


def _patched(patch: str) -> Iterator[Written]:
    """What it adds, file by file."""
    places = list(_PATCHED.finditer(patch))
    ends = [place.start() for place in places[1:]] + [len(patch)]
    for place, end in zip(places, ends, strict=True):
        lines = patch[place.end() : end].split("\n")
        added = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++ ")]
        yield Written(path=place[1].strip(), text="\n".join(added))


def _edits(given: Mapping[str, Any]) -> Iterator[Written]:
    path = path_of(given) or ""
    for side in sides(given):
        new = new_lines(_first(side, _OLD_SIDE), _first(side, _NEW_SIDE - _OLD_SIDE))
        yield Written(path=path_of(side) or path, text=new)


def new_lines(old: str, new: str) -> str:
    """The new side without the lines that stand on the old one too."""
    if not old:
        return new
    kept = Counter(old.split("\n"))
    lines = []
    for line in new.split("\n"):
        if kept[line]:
            kept[line] -= 1
        else:
            lines.append(line)
    return "\n".join(lines)


def _first(given: Mapping[str, Any], wanted: frozenset[str]) -> str:
    """The first text under one of these names; a list of lines is a text too."""
    for name, value in given.items():
        if plain_name(name) in wanted:
            if isinstance(value, str):
                return value
            if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
                return "\n".join(value)
    return ""

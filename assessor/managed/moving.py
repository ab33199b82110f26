"""A rules file's learnings as blocks of the managed file, and the rules file without them: one line stays in their place."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from assessor.managed.records import Moved
from assessor.rules.catalogue import Unit
from assessor.rules.sections import sections
from assessor.rules.split import split
from assessor.rules.units import Piece, PieceKind, lines_of
from assessor.rules.wording import normalised
from assessor.secrets import scrub
from worker.formats.learnings_file import Block, holds_a_mark, with_pointer

#: characters; an assistant takes little more from a hook at once
MAX_TEXT = 9_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What moves out of one rules file; nothing is written yet."""

    before: str
    after: str
    blocks: tuple[Block, ...]
    moved: tuple[Moved, ...]
    #: text of a learning -> why it stays where it is
    left: dict[str, str] = field(default_factory=dict)

    @property
    def learning_ids(self) -> tuple[str, ...]:
        return tuple(block.id for block in self.blocks if block.kind == "learning")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    piece: Piece
    text: str
    learning_id: str | None
    section: str | None
    indent: str | None


def move(
    text: str,
    *,
    unit: Unit,
    id_of: Callable[[str, Unit], str | None],
    is_wanted: Callable[[str, tuple[str, ...], str], bool],
    taken: Mapping[str, str] = MappingProxyType({}),
) -> Move:
    """`id_of` normalised words and a unit; `is_wanted` says it of an id, its headings and its text.

    `taken`: ids that stand in the managed file already, and their texts there.
    """
    lines, pieces = lines_of(text), split(text)
    left: dict[str, str] = {}
    chosen: list[_Chosen] = []
    for group in sections(pieces) if unit == "section" else pieces:
        members = [piece for piece in pieces if group.first <= piece.first < group.last]
        found = _chosen(members, group, unit, lines, id_of, left)
        names = {one.learning_id for one in found if one.learning_id} | {one.section for one in found if one.section}
        if found and any(is_wanted(name, group.headings, group.text) for name in names if name):
            chosen += found
    blocks: list[Block] = []
    there = dict(taken)
    for one in chosen:
        if one.learning_id is None and one.section and one.text:
            _add_words(blocks, one.section, one.text)
        elif one.learning_id is not None and one.learning_id not in there:
            there[one.learning_id] = one.text
            blocks.append(Block(kind="learning", id=one.learning_id, section=one.section, text=one.text))
    gone = {number for one in chosen for number in range(one.piece.first, one.piece.last)}
    kept = "".join(line for number, line in enumerate(lines) if number not in gone)
    return Move(
        before=text,
        after=with_pointer(kept, text) if chosen else text,
        blocks=tuple(blocks),
        moved=tuple(_moved(one, there.get(one.learning_id or "", one.text)) for one in chosen),
        left=left,
    )


def _add_words(blocks: list[Block], section: str, text: str) -> None:
    """A section's own words, to those right before them where they are the same section's."""
    if blocks and blocks[-1].kind == "section" and blocks[-1].id == section:
        text = f"{blocks.pop().text}\n\n{text}"
    blocks.append(Block(kind="section", id=section, text=text))


def _moved(one: _Chosen, text: str) -> Moved:
    """`text`: as the managed file has it; a second place of a learning may have other marks."""
    return Moved(
        learning_id=one.learning_id,
        section=one.section,
        first=one.piece.first,
        last=one.piece.last,
        text=text,
        indent=one.indent if text == one.text else None,
    )


def _chosen(
    members: list[Piece],
    group: Piece,
    unit: Unit,
    lines: list[str],
    id_of: Callable[[str, Unit], str | None],
    left: dict[str, str],
) -> list[_Chosen]:
    """The pieces of one learning, or of one section; none where one of them cannot be moved."""
    if not any(piece.is_learning for piece in members):
        return []
    section = id_of(_words(group.text), "section") if unit == "section" else None
    found: list[_Chosen] = []
    for piece in members:
        text, indent = _written(piece, lines)
        learning_id = id_of(_words(piece.text), "bullet") if piece.is_learning else None
        reason = _reason(piece, text, learning_id, is_member=unit == "section")
        if not reason and unit == "section" and section is None:
            reason = "its section is not known"
        if reason:
            left[group.text] = reason
            return []
        found.append(_Chosen(piece=piece, text=text, learning_id=learning_id, section=section, indent=indent))
    return found


def _reason(piece: Piece, text: str, learning_id: str | None, *, is_member: bool) -> str:
    if piece.is_learning and learning_id is None:
        return "it is not known by an id"
    if piece.kind is PieceKind.ROW and not is_member:
        return "the row of a table: move its section"
    if piece.group is not None:
        return f"a tool keeps this block: {piece.group}"
    if holds_a_mark(text):
        return "it holds a comment of this tool"
    if len(text) > MAX_TEXT:
        return f"longer than {MAX_TEXT:,} characters: no assistant takes so much from a hook at once"
    return ""


def _written(piece: Piece, lines: list[str]) -> tuple[str, str | None]:
    """-> (the piece's own lines without their indentation, that indentation); else in the learning's words, with what leads to it."""
    source = "".join(lines[piece.first : piece.last]).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    own = source.strip("\n").rstrip()
    plain = textwrap.dedent(own).strip("\n").rstrip()
    if not piece.is_learning or normalised(scrub(plain)) == _words(piece.text):
        first = own[: len(own) - len(own.lstrip(" \t"))]
        is_even = textwrap.indent(plain, first) == own
        return plain, first if is_even else None
    first_line, *rest = piece.text.split("\n")
    return "\n".join([f"- {first_line}", *(f"  {line}" if line.strip() else "" for line in rest)]).rstrip(), None


def _words(text: str) -> str:
    return normalised(scrub(text))

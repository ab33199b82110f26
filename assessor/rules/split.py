"""A rules file's text -> its pieces: what it asks for, one thing each, and the rest as context. No line is lost or doubled."""

import re
from collections.abc import Iterable
from itertools import pairwise

from assessor.rules.front_matter import read_front_matter
from assessor.rules.generated import generated_blocks, without_comments
from assessor.rules.no_rule import why_no_rule
from assessor.rules.outline import Start, read_outline
from assessor.rules.playbook import playbook_bullets
from assessor.rules.units import NoRule, Piece, PieceKind, lines_of
from assessor.rules.wording import normalised
from worker.formats.codex_own_text import own_lines

_ITEM_MARK = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE_MARK = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)


def split(text: str) -> tuple[Piece, ...]:
    """In the file's order; the lines of all pieces joined are the text again."""
    lines = lines_of(text)
    if not lines:
        return ()
    head = read_front_matter(lines).lines
    starts, blocks = _playbook_starts(lines), list[tuple[int, int, str]]()
    if not starts:
        # blank lines in the head's place: line numbers stay those of the file
        outline = read_outline("\n" * head + "".join(lines[head:]).removeprefix("\ufeff"))
        starts, blocks = outline.starts, generated_blocks(outline.html)
    return tuple(_pieces(lines, _from_the_top(starts, head), blocks))


def _playbook_starts(lines: list[str]) -> list[Start]:
    return [
        Start(line=bullet.line, kind=PieceKind.BULLET, title=bullet.given_id, row=bullet.text)
        for bullet in playbook_bullets(lines)
    ]


def _from_the_top(starts: list[Start], head: int) -> list[Start]:
    """Whatever stands before the first piece, and the head, is context."""
    tops = [Start(line=0, kind=PieceKind.CONTEXT)] if head or not starts or starts[0].line else []
    body = head if head and (not starts or starts[0].line > head) else None
    return [*tops, *([Start(line=body, kind=PieceKind.CONTEXT)] if body is not None else []), *starts]


def _pieces(lines: list[str], starts: list[Start], blocks: list[tuple[int, int, str]]) -> Iterable[Piece]:
    headings: list[tuple[int, str]] = []
    own = own_lines(lines)
    lasts = [start.line for start in starts[1:]] + [len(lines)]
    assert all(one <= other for one, other in pairwise(lasts)), "pieces stand in the file's order"
    for start, last in zip(starts, lasts, strict=True):
        if start.line == last:
            continue
        if start.level:
            headings = [*(each for each in headings if each[0] < start.level), (start.level, start.title)]
        text = _text("".join(lines[start.line + start.height : last]), start)
        above = tuple(title for level, title in headings if level != start.level)
        is_said = start.kind is not PieceKind.CONTEXT and bool(normalised(text))
        why = NoRule.ASSISTANT if start.line in own else why_no_rule(start.kind, text, above)
        no_rule = why if is_said else None
        yield Piece(
            kind=start.kind if is_said and no_rule is None else PieceKind.CONTEXT,
            text=text,
            no_rule=no_rule,
            is_title=bool(start.level),
            first=start.line,
            last=last,
            headings=above,
            group=next((name for first, end, name in blocks if first <= start.line < end), None),
            given_id=start.title if start.kind is PieceKind.BULLET else None,
        )


def _text(source: str, start: Start) -> str:
    if start.row is not None:
        return " ".join((*start.leads, start.row))
    body = without_comments(source.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff"))
    if start.level:
        return f"{start.title}\n{body.strip()}".strip()
    body = _ITEM_MARK.sub("", body) if start.kind in {PieceKind.ITEM, PieceKind.CONTEXT} else body
    return " ".join((*start.leads, _QUOTE_MARK.sub("", body).strip())).strip()

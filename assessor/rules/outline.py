"""Markdown -> where each piece of it begins, in the order of the lines: the parser's tree, read once."""

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from assessor.rules.units import PieceKind

#: a longer lead-in says more than where its list belongs
_LEAD_CHARACTERS = 200
_LISTS = frozenset({"bullet_list", "ordered_list"})
_CODE = frozenset({"fence", "code_block"})
#: outside is no longer Markdown as people write it, and costs the parser its time
_NESTING = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """The line at which a piece begins; it ends where the next one does."""

    line: int
    kind: PieceKind
    #: the texts that its own is a continuation of, outermost first
    leads: tuple[str, ...] = ()
    #: level and text, where it is a heading
    level: int = 0
    title: str = ""
    #: lines that a heading takes; what follows it up to the next piece is code
    height: int = 0
    #: a table's row, its cells as text
    row: str | None = None


@dataclass(kw_only=True, slots=True)
class Outline:
    starts: list[Start] = field(default_factory=list)
    #: line and source of what is HTML
    html: list[tuple[int, str]] = field(default_factory=list)


def read_outline(text: str) -> Outline:
    markdown = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable("table")
    outline = Outline()
    _blocks(SyntaxTreeNode(markdown.parse(text)).children, outline, ())
    return outline


def _blocks(nodes: list[SyntaxTreeNode], outline: Outline, leads: tuple[str, ...]) -> None:
    for place, node in enumerate(nodes):
        following = nodes[place + 1].type if place + 1 < len(nodes) else ""
        if node.type in _LISTS:
            lead = _lead(nodes[place - 1]) if place and nodes[place - 1].type == "paragraph" else None
            for item in node.children:
                _item(item, outline, (*leads, lead) if lead else leads)
        elif node.type == "blockquote":
            _blocks(node.children, outline, leads)
        elif node.type == "table":
            _table(node, outline, leads)
        elif node.type not in _CODE:
            _plain(node, outline, leads, is_lead=following in _LISTS)


def _plain(node: SyntaxTreeNode, outline: Outline, leads: tuple[str, ...], *, is_lead: bool) -> None:
    line = _line(node)
    if node.type == "heading":
        level, height = int(node.tag[1:]), _end(node) - line
        outline.starts.append(Start(line=line, kind=PieceKind.HEADING, level=level, title=_inline(node), height=height))
    elif node.type == "paragraph":
        kind = PieceKind.CONTEXT if is_lead and _lead(node) else PieceKind.PARAGRAPH
        outline.starts.append(Start(line=line, kind=kind, leads=leads))
    elif node.type == "html_block":
        outline.html.append((line, node.content))
        outline.starts.append(Start(line=line, kind=PieceKind.PARAGRAPH, leads=leads))
    else:
        outline.starts.append(Start(line=line, kind=PieceKind.CONTEXT))


def _item(item: SyntaxTreeNode, outline: Outline, leads: tuple[str, ...]) -> None:
    first = item.children[0] if item.children else None
    lead = _lead(first) if first is not None and first.type == "paragraph" else None
    if lead is None or not any(child.type in _LISTS for child in item.children):
        outline.starts.append(Start(line=_line(item), kind=PieceKind.ITEM, leads=leads))
        return
    outline.starts.append(Start(line=_line(item), kind=PieceKind.CONTEXT, leads=leads))
    for child in item.children:
        for inner in child.children if child.type in _LISTS else ():
            _item(inner, outline, (*leads, lead))


def _table(table: SyntaxTreeNode, outline: Outline, leads: tuple[str, ...]) -> None:
    outline.starts.append(Start(line=_line(table), kind=PieceKind.CONTEXT))
    for part in table.children:
        for row in part.children if part.type == "tbody" else ():
            cells = " | ".join(cell for cell in map(_inline, row.children) if cell)
            outline.starts.append(Start(line=_line(row), kind=PieceKind.ROW, leads=leads, row=cells))


def _lead(paragraph: SyntaxTreeNode) -> str | None:
    """The paragraph's text where it ends in a colon and so needs what follows."""
    text = re.sub(r"\s+", " ", _inline(paragraph)).strip()
    is_lead = re.search(r":[*_\s]*$", text) and len(text) <= _LEAD_CHARACTERS
    return re.sub(r":[*_\s]*$", "", text).replace("**", "").replace("__", "") + ":" if is_lead else None


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(child.content for child in node.children if child.type == "inline").strip()


def _line(node: SyntaxTreeNode) -> int:
    assert node.map is not None, "a block stands on lines"
    return node.map[0]


def _end(node: SyntaxTreeNode) -> int:
    assert node.map is not None, "a block stands on lines"
    return node.map[1]

"""Blocks that a tool keeps in a rules file between two comments: `<!-- x -->` … `<!-- /x -->`, and the other ways to write them."""

import re

_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
_END = re.compile(r"^/\s*(?P<slash>\S+)|^end[\s:_-]+(?P<before>\S+)|^(?P<after>\S+?)[\s:_-]+end\b", re.IGNORECASE)
_BEGIN = re.compile(
    r"^(?:begin|start)[\s:_-]+(?P<before>\S+)|^(?P<after>\S+?)(?:[\s:_-]+(?:begin|start)\b|\s|$)", re.IGNORECASE
)


def generated_blocks(comments: list[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """(line, comment) in the file's order -> (first, last, name) of each block, both comments' lines included.

    A beginning without an end is an ordinary comment.
    """
    open_: dict[str, int] = {}
    blocks = []
    for line, source in comments:
        for body in _COMMENT.findall(source):
            if (end := _name(_END, body)) and end in open_:
                blocks.append((open_.pop(end), line + 1, end))
            elif begin := _name(_BEGIN, body):
                open_[begin] = line
    return blocks


def without_comments(text: str) -> str:
    """Text as the assistant sees it; a comment inside a fence is code and stays."""
    parts = re.split(r"(^[ \t]*(?:```|~~~).*?(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z))", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if number % 2 else _COMMENT.sub("", part) for number, part in enumerate(parts))


def _name(pattern: re.Pattern[str], body: str) -> str | None:
    found = pattern.match(body)
    return next((name.lower() for name in found.groups() if name), None) if found else None

"""Fenced blocks of a message, told apart by their language."""

import re
from collections.abc import Iterator

_MARKDOWN = frozenset({"markdown", "md", "mdx", "mdc"})
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
#: possessive throughout: a line that is no fence is told in one pass
_FENCE = re.compile(r"[ \t]*+(`{3,}+|~{3,}+)[ \t]*+([^\s`]*+)[^`]*+")


def stretches(text: str) -> Iterator[tuple[str | None, str]]:
    """(language, text) in order; the language is None outside fences and "" where a fence names none.

    A shorter fence stands inside a longer one; inside Markdown, one with a language opens and a bare one closes another.
    """
    language, marks, depth = None, "", 0
    held: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.fullmatch(line)
        if fence is None or (depth and not fence[1].startswith(marks)):
            held.append(line)
        elif depth and language in _MARKDOWN and (fence[2] or depth > 1):
            depth += 1 if fence[2] else -1
        else:
            yield language, "\n".join(held)
            held = []
            closes = depth and not fence[2]
            language, marks, depth = (None, "", 0) if closes else (fence[2].lower(), fence[1], 1)
    yield language, "\n".join(held)


def is_document(language: str, text: str) -> bool:
    """Markdown with a heading: a rules file, a guide, notes. They are shown or proposed, not done; a commit message has no heading."""
    return language in _MARKDOWN and _HEADING.search(text) is not None

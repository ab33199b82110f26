"""`@path` in a CLAUDE.md: the file's text is taken in, up to four hops; inside code it is only text."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

HOPS = 4
_IMPORT = re.compile(r"(?:^|(?<=\s))@((?:~/|\./|\.\./|/)?[\w][\w./\\ -]*?[\w/])(?=[\s,;:)]|\.(?:\s|$)|$)", re.MULTILINE)


def imported_paths(text: str, folder: Path, home: Path) -> Iterator[Path]:
    """In the order of the text; whether the files are there is not asked. `@name` of a person looks the same and leads nowhere."""
    for token in MarkdownIt("commonmark").parse(text):
        prose = "".join(child.content or "\n" for child in token.children or () if child.type in {"text", "softbreak"})
        for found in _IMPORT.finditer(prose):
            name = found[1]
            yield home / name[2:] if name.startswith("~/") else folder / name

"""Tables that fit the terminal, and text from outside made harmless before it is shown."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Cell = str | int | float | None

#: columns where the output is no terminal
_WIDTH_ELSEWHERE = 120


def console(*, to_stderr: bool = False) -> Console:
    stream = sys.stderr if to_stderr else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else _WIDTH_ELSEWHERE
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def plain(text: str) -> str:
    """Without control characters or line breaks: an id or a learning must not steer the reader's terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def print_table(columns: Sequence[tuple[str, str]], lines: Iterable[Sequence[str]]) -> None:
    """`columns`: (heading, "left" | "right" | "flex"); the flexible ones are cut where the terminal ends."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, kind in columns:
        table.add_column(
            heading,
            justify="right" if kind == "right" else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if kind == "flex" else None,
        )
    for line in lines:
        table.add_row(*(escape(plain(cell)) for cell in line))
    table.expand = any(kind == "flex" for _, kind in columns)
    console().print(table)


def print_rows(columns: Sequence[tuple[str, str]], lines: Sequence[Sequence[Cell]], *, as_json: bool) -> None:
    """The same as a table for people or as a JSON array for programs, where a number stays a number."""
    if as_json:
        names = [heading for heading, _ in columns]
        print(json.dumps([dict(zip(names, line, strict=True)) for line in lines], ensure_ascii=False, indent=1))
    elif lines:
        print_table(columns, [["-" if cell is None else str(cell) for cell in line] for line in lines])
    else:
        print("none")


def tell(line: str, document: dict[str, Any], *, as_json: bool) -> None:
    """What an action did: a line for people or the same as a JSON object."""
    print(json.dumps(document, ensure_ascii=False, indent=1) if as_json else plain(line))


def moment(micros: int | None) -> str:
    """A point in time for people, UTC."""
    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%Y-%m-%d %H:%M:%S}" if micros else "-"

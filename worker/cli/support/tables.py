"""Tables: whole where a program reads them, laid out to fit where a person does.

On a terminal one of three layouts is taken, the first that fits: a table; its rows with their texts beneath; one line a field.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.cli.support.output import console, plain, print_facts, terminal_width

Cell = str | int | float | None
#: (heading, kind): "left" and "right" are never shortened; of texts, "flex" is cut where the terminal ends, "wrap" goes on in the next line
Column = tuple[str, str]

#: kind -> columns of the terminal below which a text of it is hard to read
_LEAST = {"flex": 20, "wrap": 30}
_GAP = 2
_INDENT = 4


def print_table(columns: Sequence[Column], lines: Iterable[Sequence[str]]) -> None:
    rows = [[plain(cell) for cell in line] for line in lines]
    natural = _natural_widths(columns, rows)
    width = terminal_width()
    if width is None:
        _print_whole(columns, rows, natural)
    elif _needed(columns, natural) <= width:
        console().print(_table(columns, rows, _widths(columns, natural, width)))
    elif any(kind in _LEAST for _, kind in columns) and _needed(_without_texts(columns), natural) <= width:
        _print_texts_beneath(columns, rows, natural)
    else:
        _print_records(columns, rows)


def print_rows(columns: Sequence[Column], lines: Sequence[Sequence[Cell]], *, as_json: bool) -> None:
    """The same as a table for people or as a JSON array for programs, where a number stays a number."""
    if as_json:
        names = [heading for heading, _ in columns]
        print(json.dumps([dict(zip(names, line, strict=True)) for line in lines], ensure_ascii=False, indent=1))
    elif lines:
        print_table(columns, [["-" if cell is None else str(cell) for cell in line] for line in lines])
    else:
        print("none")


def _natural_widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    cells = zip(*rows, strict=True) if rows else [()] * len(columns)
    return {
        heading: max(cell_len(heading), *map(cell_len, column), 1)
        for (heading, _), column in zip(columns, cells, strict=True)
    }


def _without_texts(columns: Sequence[Column]) -> list[Column]:
    return [(heading, kind) for heading, kind in columns if kind not in _LEAST]


def _needed(columns: Sequence[Column], natural: dict[str, int]) -> int:
    """Columns of the terminal for the table to be read well."""
    cells = sum(min(natural[heading], _LEAST.get(kind, natural[heading])) for heading, kind in columns)
    return cells + _GAP * (len(columns) - 1)


def _widths(columns: Sequence[Column], natural: dict[str, int], width: int) -> dict[str, int]:
    """What the others leave is shared out among the texts, the shortest first, so that none gets more than it fills."""
    texts = sorted((heading for heading, kind in columns if kind in _LEAST), key=lambda heading: natural[heading])
    left = width - _GAP * (len(columns) - 1) - sum(natural[heading] for heading, _ in _without_texts(columns))
    widths = dict(natural)
    for number, heading in enumerate(texts):
        widths[heading] = min(natural[heading], left // (len(texts) - number))
        left -= widths[heading]
    return widths


def _table(columns: Sequence[Column], rows: Iterable[Sequence[str]], widths: dict[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, kind in columns:
        table.add_column(
            heading,
            justify="right" if kind == "right" else "left",
            width=widths[heading],
            no_wrap=kind != "wrap",
            overflow="fold" if kind == "wrap" else "ellipsis",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _lines(table: Table, width: int) -> Iterator[str]:
    screen = console(width=width)
    with screen.capture() as captured:
        screen.print(table)
    return (line.rstrip() for line in captured.get().splitlines())


def _print_whole(columns: Sequence[Column], rows: Sequence[Sequence[str]], natural: dict[str, int]) -> None:
    width = sum(natural.values()) + _GAP * len(columns)
    for line in _lines(_table(columns, rows, natural), width):
        print(line)


def _print_texts_beneath(columns: Sequence[Column], rows: Sequence[Sequence[str]], natural: dict[str, int]) -> None:
    places = [place for place, (_, kind) in enumerate(columns) if kind not in _LEAST]
    fixed = [[row[place] for place in places] for row in rows]
    heading, *lines = _lines(_table(_without_texts(columns), fixed, natural), terminal_width() or 0)
    print(heading)
    sys.stdout.flush()
    screen = console()
    for row, line in zip(rows, lines, strict=True):
        print(line)
        for (_, kind), text in zip(columns, row, strict=True):
            if kind in _LEAST and text:
                shown = Text(text, no_wrap=kind == "flex", overflow="ellipsis" if kind == "flex" else "fold")
                screen.print(Padding(shown, (0, 0, 0, _INDENT)))


def _print_records(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A field that says nothing is left out."""
    for number, row in enumerate(rows):
        if number:
            print()
        print_facts([(heading, text) for (heading, _), text in zip(columns, row, strict=True) if text not in ("", "-")])

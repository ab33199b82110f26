"""Tables: whole where a program reads them; on a terminal as wide as it is, with texts folded or cut."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.support.output import console, plain, terminal_width

Cell = str | int | float | None
#: (heading, kind): "left" and "right" keep their width as long as they can; of texts, "flex" is cut where the column ends, "wrap" goes on
#: in the next line
Column = tuple[str, str]

_TEXTS = ("flex", "wrap")
#: columns of the terminal below which a text is hard to read, or of no use, and a heading is folded too often
_READABLE, _LEAST, _HEADING = 24, 10, 5
_GAP = 2


def print_rows(columns: Sequence[Column], lines: Sequence[Sequence[Cell]]) -> None:
    """A table, or `none`."""
    if lines:
        print_table(columns, [["-" if cell is None else str(cell) for cell in line] for line in lines])
    else:
        print("none")


def print_table(columns: Sequence[Column], lines: Iterable[Sequence[str]]) -> None:
    rows = [[plain(cell) for cell in line] for line in lines]
    width = terminal_width()
    if width is not None:
        columns, rows = _said(columns, rows)
    cells = [max(map(cell_len, column), default=1) for column in zip(*rows, strict=True)] or [1] * len(columns)
    natural = [max(cell_len(heading), width) for (heading, _), width in zip(columns, cells, strict=True)]
    if width is None:
        screen, widths = console(width=sum(natural) + _GAP * len(columns)), natural
    else:
        screen, widths = console(), _fitted(columns, natural, cells, width - _GAP * (len(columns) - 1))
    _print_through(screen, _table(columns, [], widths))
    for row in rows:
        if all(map(_fits, columns, row, widths)):
            print(_line(columns, row, widths))
        else:
            _print_through(screen, _table(columns, [row], widths, show_header=False))


def _print_through(screen: Console, table: Table) -> None:
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def _fits(column: Column, cell: str, width: int) -> bool:
    """In one line, cut at most."""
    return column[1] == "flex" or cell_len(cell) <= width


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    """One row, laid out like the library does, which takes a millisecond for each."""
    cells = []
    for (_, kind), cell, width in zip(columns, row, widths, strict=True):
        room = width - cell_len(cell)
        shown = cell if room >= 0 else f"{set_cell_size(cell, width - 1)}…"
        cells.append(" " * room + shown if kind == "right" else shown + " " * room)
    return (" " * _GAP).join(cells).rstrip()


def _said(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> tuple[list[Column], list[list[str]]]:
    """Without the texts that say nothing in any row."""
    places = [place for place, (_, kind) in enumerate(columns) if kind not in _TEXTS or any(row[place] for row in rows)]
    return [columns[place] for place in places], [[row[place] for place in places] for row in rows]


def _fitted(columns: Sequence[Column], natural: Sequence[int], cells: Sequence[int], room: int) -> list[int]:
    """What does not fit is taken from the widest: first from texts, then from headings, at last from everything."""
    texts = [kind in _TEXTS for _, kind in columns]
    folded = [min(width, max(cell, _HEADING)) for width, cell in zip(natural, cells, strict=True)]
    widths = [min(width, room) for width in natural]
    for readable, others in ((_READABLE, natural), (_LEAST, natural), (_LEAST, folded), (1, [1] * len(columns))):
        floor = [readable if text else least for text, least in zip(texts, others, strict=True)]
        while sum(widths) > room and (above := [place for place, width in enumerate(widths) if width > floor[place]]):
            widths[max(above, key=widths.__getitem__)] -= 1
    return widths


def _table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], widths: Sequence[int], *, show_header: bool = True
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=show_header)
    for (heading, kind), width in zip(columns, widths, strict=True):
        table.add_column(
            heading,
            justify="right" if kind == "right" else "left",
            width=width,
            no_wrap=kind == "flex",
            overflow="ellipsis" if kind == "flex" else "fold",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table

"""Tables: whole where a program reads them; on a terminal as wide as it is, with texts folded or cut."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from worker.cli.support.output import console, plain, terminal_width

Cell = str | int | float | None
#: (heading, kind): "left" and "right" keep their width as long as they can; of texts, "flex" is cut where the column ends, "wrap" goes on
#: in the next line
Column = tuple[str, str]

_TEXTS = ("flex", "wrap")
#: columns of the terminal below which a text is hard to read, and below which it is no use
_READABLE, _LEAST = 24, 8
_GAP = 2


def print_rows(columns: Sequence[Column], lines: Sequence[Sequence[Cell]]) -> None:
    """A table, or `none`."""
    if lines:
        print_table(columns, [["-" if cell is None else str(cell) for cell in line] for line in lines])
    else:
        print("none")


def print_table(columns: Sequence[Column], lines: Iterable[Sequence[str]]) -> None:
    rows = [[plain(cell) for cell in line] for line in lines]
    cells = [max(map(cell_len, column), default=1) for column in zip(*rows, strict=True)] or [1] * len(columns)
    natural = [max(cell_len(heading), width) for (heading, _), width in zip(columns, cells, strict=True)]
    width = terminal_width()
    if width is not None:
        console().print(_table(columns, rows, _fitted(columns, natural, cells, width - _GAP * (len(columns) - 1))))
        return
    screen = console(width=sum(natural) + _GAP * len(columns))
    with screen.capture() as captured:
        screen.print(_table(columns, rows, natural))
    for line in captured.get().splitlines():
        print(line.rstrip())


def _fitted(columns: Sequence[Column], natural: Sequence[int], cells: Sequence[int], room: int) -> list[int]:
    """What does not fit is taken from the widest: first from texts, then from headings, at last from everything."""
    texts = [kind in _TEXTS for _, kind in columns]
    widths = [min(width, room) if text else width for width, text in zip(natural, texts, strict=True)]
    floors = (
        [_READABLE if text else width for width, text in zip(natural, texts, strict=True)],
        [_READABLE if text else max(width, 1) for width, text in zip(cells, texts, strict=True)],
        [_LEAST if text else max(width, 1) for width, text in zip(cells, texts, strict=True)],
        [1] * len(columns),
    )
    for floor in floors:
        while sum(widths) > room and (above := [place for place, width in enumerate(widths) if width > floor[place]]):
            widths[max(above, key=widths.__getitem__)] -= 1
    return widths


def _table(columns: Sequence[Column], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
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

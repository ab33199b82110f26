"""Text for people: as wide as the terminal, whole where there is none, and harmless whatever it was made of."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.formats.wire import format_timestamp, moment_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: columns of a progress bar where the output is no terminal
_WIDTH_ELSEWHERE = 120


def terminal_width() -> int | None:
    """None where standard output is no terminal: whoever reads there gets everything."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def console(*, to_stderr: bool = False, width: int | None = None) -> Console:
    stream = sys.stderr if to_stderr else sys.stdout
    if width is None:
        width = shutil.get_terminal_size().columns if stream.isatty() else _WIDTH_ELSEWHERE
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def plain(text: str) -> str:
    """Without control characters or line breaks: an id or a learning must not steer the reader's terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def print_hanging(lead: str, text: str) -> None:
    """`lead` and `text` in one line; what does not fit goes on in the next, below the text's beginning."""
    if terminal_width() is None:
        print(f"{lead}{plain(text)}".rstrip())
        return
    grid = Table.grid()
    if lead:
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(*([Text(lead)] if lead else []), Text(plain(text)))
    console().print(grid)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """(name, text) each, the texts below one another."""
    width = max((len(name) for name, _ in facts), default=0) + 2
    for name, text in facts:
        print_hanging(f"{name:<{width}}", text)


def print_json(answer: object) -> None:
    """An answer as JSON, made from its objects as the HTTP API makes it."""
    print(escaped(to_json(answer, indent=1, inf_nan_mode="null").decode()))


def escaped(document: str) -> str:
    """JSON that means the same, with characters that a terminal would obey, or nobody sees, as escapes."""
    if document.replace("\n", "").isprintable():
        return document
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else json.dumps(character)[1:-1]
        if ord(character) != 0x7F
        else "\\u007f"
        for character in document
    )


def with_times(answer: "DataclassInstance", *names: str) -> dict[str, Any]:
    """The fields of an answer, its times of these names (microseconds) as RFC 3339 with zone."""
    fields = asdict(answer)
    return fields | {name: format_timestamp(fields[name]) for name in names if fields[name] is not None}


def tell(line: str, answer: object, *, as_json: bool) -> None:
    """What an action did: a line for people or the same as a JSON object."""
    tell_each([line], answer, as_json=as_json)


def tell_each(lines: Iterable[str], answer: object, *, as_json: bool) -> None:
    """What an action did to several: a line for each or all of it as JSON."""
    if as_json:
        print_json(answer)
        return
    for line in lines:
        print(plain(line))


def moment(micros: int | None) -> str:
    """A point in time for people, UTC."""
    return moment_of(micros).replace(tzinfo=None).isoformat(" ", "seconds") if micros else "-"

"""A table's lines are put together here, as the library would that lays out a table: it takes a millisecond a row."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from worker.cli.support import tables

KINDS = ("left", "right", "flex", "wrap")
CELLS = st.text(st.sampled_from("ab -.…é日本🙂"), max_size=30).map(str.strip)
ROWS = st.lists(st.tuples(*[CELLS] * len(KINDS)), min_size=1, max_size=4)


@given(rows=ROWS, width=st.none() | st.integers(30, 120))
def test_a_line_is_laid_out_as_by_the_library(rows: list[tuple[str, ...]], width: int | None) -> None:
    """Wide characters, texts that are cut or go on in the next line, a terminal or none."""
    columns = [(kind, kind) for kind in KINDS]
    ours, theirs = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", ours)
        patch.setattr(tables, "terminal_width", lambda: width)
        patch.setattr(tables, "console", lambda width=width: Console(file=ours, width=width))
        tables.print_table(columns, rows)
        patch.setattr(tables, "_fits", lambda *_: False)
        patch.setattr("sys.stdout", theirs)
        tables.print_table(columns, rows)
    assert ours.getvalue() == theirs.getvalue()

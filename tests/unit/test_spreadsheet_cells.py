"""A text in an export is a text, whatever a spreadsheet would take it for."""

import pytest

from dashboard.words import inert
from worker.cli.values import _inert


@pytest.mark.parametrize("cell", [_inert, inert], ids=["command", "dashboard"])
@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(1)", " =1", "\t-1"),
        *(
            "\ufeff=1+1",
            "\u200b=cmd|'/C calc'!A0",
            "\x00+1",
            "\u2066=1",
            "\uff1d1+1",
            "\uff0b1",
            "\uff0d1",
            "\uff20SUM(1)",
        ),
    ],
    ids=ascii,
)
def test_no_cell_begins_like_a_formula(cell: object, text: str) -> None:
    """Also behind characters that nobody sees, and in the wide forms that some spreadsheets read as the same."""
    assert callable(cell)
    assert cell(text).startswith("'")


@pytest.mark.parametrize("cell", [_inert, inert], ids=["command", "dashboard"])
@pytest.mark.parametrize("text", ["a=1", "Use `rg` - not grep", "", "é"])
def test_other_cells_stay_as_they_are(cell: object, text: str) -> None:
    """Nothing is put before them."""
    assert callable(cell)
    assert cell(text) == text

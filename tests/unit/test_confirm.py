"""A question before a change: yes, no, and nobody there."""

import click
import pytest
from click.testing import CliRunner

from worker.cli.support.diffs import confirm


@click.command()
@click.option("--yes", is_flag=True)
def _change(*, yes: bool) -> None:
    confirm("Change it?", yes=yes)
    click.echo("changed")


@pytest.mark.parametrize(
    ("arguments", "answer", "status", "told"),
    [
        ([], "y\n", 0, "changed"),
        (["--yes"], "", 0, "changed"),
        ([], "n\n", 1, "nothing was changed"),
        ([], "", 1, "nobody answers here, so nothing was changed: --yes answers yes"),
    ],
)
def test_who_says_no_hears_that_nothing_was_changed(arguments: list[str], answer: str, status: int, told: str) -> None:
    """Nobody was interrupted, and a script hears how to answer."""
    done = CliRunner().invoke(_change, arguments, input=answer)
    assert done.exit_code == status
    assert told in done.output

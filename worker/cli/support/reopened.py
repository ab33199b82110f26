"""What `groove tasks retry` and `groove replay` answer about the sessions that were opened again."""

import sys
from typing import TYPE_CHECKING

import click

from worker.cli.support.output import plain, print_json
from worker.operations.wording import counted

if TYPE_CHECKING:
    from worker.operations.reopening import Reopening


def tell_reopening(found: "Reopening", *, as_json: bool) -> None:
    """Exits with 1 when a session was left because its payload is no longer kept."""
    if as_json:
        print_json(found)
    else:
        _tell(found)
    sys.exit(1 if found.left else 0)


def _tell(found: "Reopening") -> None:
    for session_id in found.left:
        click.echo(f"{plain(session_id)}: left as it is, its payload is no longer kept", err=True)
    number = counted(len(found.opened), "sessions")
    if found.dry_run:
        for session_id in found.opened:
            click.echo(f"would open {plain(session_id)} again")
        click.echo(f"{number} would be opened again")
    elif found.enqueued or not found.opened:
        click.echo(f"{number} opened again")
    else:
        click.echo(f"{number} opened again, to be done when the stack runs")

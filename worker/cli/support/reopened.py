"""What `groove tasks retry` and `groove replay` do with the sessions that were opened again, and what they answer."""

import json
import sys
from typing import TYPE_CHECKING

import click

from worker.cli.support.connections import enqueue_prepared
from worker.cli.support.output import counted, plain

if TYPE_CHECKING:
    from worker.ledger import Reopened


def enqueue_reopened(reopened: "Reopened", started: int, *, dry_run: bool, as_json: bool) -> None:
    """Send them to be prepared and tell; exits with 1 when a session was left because its payload is no longer kept.

    `started`: when the ledger was told, in microseconds.
    """
    is_enqueued = dry_run or enqueue_prepared(reopened.sessions, sent_at=started)
    if as_json:
        document = {"opened": [ref.session_id for ref in reopened.sessions], "left": list(reopened.pruned)}
        click.echo(json.dumps(document | {"dry_run": dry_run, "enqueued": is_enqueued and not dry_run}, indent=1))
    else:
        _tell(reopened, dry_run=dry_run, is_enqueued=is_enqueued)
    sys.exit(1 if reopened.pruned else 0)


def _tell(reopened: "Reopened", *, dry_run: bool, is_enqueued: bool) -> None:
    for session_id in reopened.pruned:
        click.echo(f"{plain(session_id)}: left as it is, its payload is no longer kept", err=True)
    number = counted(len(reopened.sessions), "sessions")
    if dry_run:
        for ref in reopened.sessions:
            click.echo(f"would open {plain(ref.session_id)} again")
        click.echo(f"{number} would be opened again")
    elif is_enqueued or not reopened.sessions:
        click.echo(f"{number} opened again")
    else:
        click.echo(f"{number} opened again, to be done when the stack runs")

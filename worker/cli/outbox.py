"""`groove outbox`: what is on its way to the event log."""

import sys

import click

from worker.cli.support.output import tell
from worker.cli.support.types import Moment
from worker.operations.connections import open_the_ledger
from worker.operations.ids import full_session_id
from worker.operations.wording import counted
from worker.settings import load_settings


@click.group("outbox")
def outbox_command() -> None:
    """Messages on their way to `groove.attribution`."""


@outbox_command.command("resend")
@click.option("--since", type=Moment(), help="Those finished at or after this moment (RFC 3339).")
@click.option("--session", "session_id", help="Those of this session.")
@click.option("--json", "as_json", is_flag=True)
def resend_command(since: int | None, session_id: str | None, *, as_json: bool) -> None:
    """Send messages again that were sent before; they keep their ids, so that readers know the copies.

    The status is 1 when the event log refuses messages, which then stay in the outbox.
    """
    from worker.operations.resending import resend

    if (since is None) == (session_id is None):
        raise click.UsageError("name either --since or --session")
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        chosen = session_id and full_session_id(ledger, session_id)
        found = resend(ledger, settings, since=since, session_id=chosen)
    line = f"{found.sent_again} sent again"
    if found.unsent:
        left = counted(found.unsent, "messages")
        line = f"{found.sent_again} to be sent again, {left} left in the outbox: the event log refuses them"
    tell(line, found, as_json=as_json)
    sys.exit(1 if found.unsent else 0)

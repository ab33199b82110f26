"""`groove outbox`: what is on its way to the event log."""

import sys

import click

from worker.cli.support.connections import full_session_id, open_the_ledger
from worker.cli.support.output import counted, tell
from worker.cli.support.types import Moment
from worker.event_log.opening import open_event_log
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
    from worker.publish_outbox import drain_outbox

    if (since is None) == (session_id is None):
        raise click.UsageError("name either --since or --session")
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        chosen = session_id and full_session_id(ledger, session_id)
        count = ledger.outbox.resend(since=since, session_id=chosen)
        event_log = open_event_log(settings.event_log_url)
        try:
            drain_outbox(ledger, event_log)
        finally:
            event_log.close()
        unsent = ledger.counts.count().outbox_unsent
    line = f"{count} sent again"
    if unsent:
        line = f"{count} to be sent again, {counted(unsent, 'messages')} left in the outbox: the event log refuses them"
    tell(line, {"sent_again": count, "unsent": unsent}, as_json=as_json)
    sys.exit(1 if unsent else 0)

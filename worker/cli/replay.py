"""`groove replay`: finished sessions, processed again."""

import click

from worker.cli.support.connections import full_session_id, open_the_ledger
from worker.cli.support.reopened import enqueue_reopened
from worker.cli.support.types import Moment


@click.command("replay")
@click.option("--since", type=Moment(), help="Sessions received at or after this moment (RFC 3339).")
@click.option("--session", "session_id", help="This session.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True)
def replay_command(since: int | None, session_id: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Process finished sessions again from the payloads in the ledger; results replace, never add."""
    if (since is None) == (session_id is None):
        raise click.UsageError("name either --since or --session")
    with open_the_ledger() as ledger:
        started = ledger.now()
        chosen = session_id and full_session_id(ledger, session_id)
        reopened = ledger.retries.replay(since=since, session_id=chosen, dry_run=dry_run)
    enqueue_reopened(reopened, started, dry_run=dry_run, as_json=as_json)

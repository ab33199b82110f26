"""`groove replay`: finished sessions, processed again."""

import click

from worker.cli.support.reopened import tell_reopening
from worker.cli.support.types import Moment
from worker.operations.connections import open_the_ledger
from worker.operations.ids import full_session_id
from worker.settings import load_settings


@click.command("replay")
@click.option("--since", type=Moment(), help="Sessions received at or after this moment (RFC 3339).")
@click.option("--session", "session_id", help="This session.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True)
def replay_command(since: int | None, session_id: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Process finished sessions again from the payloads in the ledger; results replace, never add."""
    from worker.operations.reopening import replay

    if (since is None) == (session_id is None):
        raise click.UsageError("name either --since or --session")
    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        chosen = session_id and full_session_id(ledger, session_id)
        reopening = replay(ledger, settings, since=since, session_id=chosen, dry_run=dry_run)
    tell_reopening(reopening, as_json=as_json)

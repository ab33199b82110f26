"""`groove tasks`: what failed, and trying it again."""

import click

from worker.cli.support.ids import shown_session_ids
from worker.cli.support.output import moment, print_json, with_times
from worker.cli.support.reopened import tell_reopening
from worker.cli.support.tables import print_rows
from worker.operations.connections import open_the_ledger
from worker.operations.ids import full_failed_id, full_session_id
from worker.settings import load_settings

_EVERYTHING_NEEDS = "name a --session, a --learning, or say --all"


@click.group("tasks")
def tasks_command() -> None:
    """What failed, and trying it again."""


@tasks_command.command("failed")
@click.option("--session", "session_id", help="Of this session only.")
@click.option("--learning", "learning_id", help="Of this learning only.")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True)
def failed_command(session_id: str | None, learning_id: str | None, limit: int, *, as_json: bool) -> None:
    """Learnings that were given up in a session, with the reason."""
    with open_the_ledger() as ledger:
        chosen = session_id and full_session_id(ledger, session_id)
        learning_id = learning_id and full_failed_id(ledger, learning_id)
        failed = ledger.retries.failed_entries(limit=limit, session_id=chosen, learning_id=learning_id)
        ids = shown_session_ids(ledger, [entry.session_id for entry in failed])
    if as_json:
        print_json([with_times(entry, "at") for entry in failed])
        return
    print_rows(
        [("session", "left"), ("learning", "left"), ("tries", "right"), ("when", "left"), ("reason", "wrap")],
        [[ids[entry.session_id], entry.learning_id, entry.tries, moment(entry.at), entry.reason] for entry in failed],
    )


@tasks_command.command("retry")
@click.option("--session", "session_id", help="This session, whatever its state.")
@click.option("--learning", "learning_id", help="Sessions in which this learning failed.")
@click.option("--all", "everything", is_flag=True, help="Every session with a failed learning, and the dead ones.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True)
def retry_command(
    session_id: str | None, learning_id: str | None, *, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """Open sessions again: they are attributed, aggregated and published anew; nothing is counted twice."""
    if not (session_id or learning_id or everything):
        raise click.UsageError(_EVERYTHING_NEEDS)
    from worker.operations.reopening import retry

    settings = load_settings()
    with open_the_ledger(settings) as ledger:
        reopening = retry(
            ledger,
            settings,
            session_id=session_id and full_session_id(ledger, session_id),
            learning_id=learning_id and full_failed_id(ledger, learning_id),
            everything=everything,
            dry_run=dry_run,
        )
    tell_reopening(reopening, as_json=as_json)

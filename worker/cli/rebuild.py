"""`groove rebuild`: sums and values recomputed from the records alone."""

import sys

import click

from worker.cli.support.output import print_json
from worker.operations.backgrounds import tell_backgrounds
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.wording import counted


@click.command("rebuild")
@click.option(
    "--repair",
    is_flag=True,
    help="Write the recomputed sums and values where they differ, and what kept events tell of earlier sessions.",
)
@click.option("--json", "as_json", is_flag=True)
def rebuild_command(*, repair: bool, as_json: bool) -> None:
    """Recompute sums and values from the records alone and report every difference; there must be none."""
    with open_store() as store:
        if repair:
            with open_the_ledger() as ledger:
                tell_backgrounds(ledger, store)
        differences = store.rebuild(repair=repair)
    if as_json:
        print_json(differences)
    else:
        for difference in differences:
            where = difference.learning_id or "all learnings"
            click.echo(f"{where}: {difference.name}: stored {difference.stored}, recomputed {difference.recomputed}")
        click.echo(counted(len(differences), "differences") + (", repaired" if repair and differences else ""))
    sys.exit(1 if differences and not repair else 0)

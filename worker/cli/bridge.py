"""`groove bridge`: a bridge, in the foreground until SIGTERM."""

import os
import sys

import click


@click.command("bridge")
@click.option("--all-lost", is_flag=True, help="The queues were emptied: send again whatever is open.")
def bridge_command(*, all_lost: bool) -> None:
    """Read the event log into the ledger, enqueue sessions, finish what got lost."""
    arguments = ["--all-lost"] if all_lost else []
    os.execv(sys.executable, [sys.executable, "-P", "-m", "bridge", *arguments])

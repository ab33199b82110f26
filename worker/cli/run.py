"""`groove run`: the embedded stack, until some files are done."""

import signal
import sys
from pathlib import Path
from typing import Any

import click

from worker.settings import load_settings


@click.command("run")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--learnings", type=click.Path(path_type=Path), help="Learnings to import first (JSON, one per line).")
@click.option("--limit", type=click.IntRange(min=1), help="Show the best so many values only.")
def run_command(files: tuple[Path, ...], learnings: Path | None, limit: int | None) -> None:
    """Process the heavy events in FILES with the embedded stack, print the values, stop everything.

    What was processed before is not processed again; what an interrupted run left open is finished.
    """
    from worker.cli.run_files import run_files

    end_on_sigterm()
    sys.exit(run_files(load_settings(), files, learnings=learnings, limit=limit))


def end_on_sigterm() -> None:
    """A SIGTERM ends the command as Ctrl-C does: everything that it started is stopped."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)

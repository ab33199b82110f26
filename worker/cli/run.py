"""`groove run` and `groove up`: the embedded stack, for some files or until Ctrl-C."""

import signal
import sys
from pathlib import Path
from typing import Any

import click


@click.command("run")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--learnings", type=click.Path(path_type=Path), help="Learnings to import first (JSON, one a line).")
@click.option("--limit", type=click.IntRange(min=1), help="Show the best so many values only.")
def run_command(files: tuple[Path, ...], learnings: Path | None, limit: int | None) -> None:
    """Process the heavy events in FILES with the embedded stack, print the values, stop everything.

    What was processed before is not processed again; what an interrupted run left open is finished.
    """
    from worker.cli.run_files import run_files
    from worker.settings import load_settings

    end_on_sigterm()
    sys.exit(run_files(load_settings(), files, learnings=learnings, limit=limit))


@click.command("up")
@click.option("--flower", "flower_port", type=int, help="Also start Flower on this port of 127.0.0.1.")
def up_command(flower_port: int | None) -> None:
    """Run the embedded stack until Ctrl-C: broker, store, workers, bridge; what dies is started again."""
    from worker.cli.support.output import counted
    from worker.local.stack import running_stack
    from worker.logs import configure_logs
    from worker.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log)
    with running_stack(settings, log_to_files=False, flower_port=flower_port) as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stack.stopping.set())
        click.echo(
            f"up: {counted(len(stack.children), 'parts')}, data in {settings.data_dir.absolute()}; Ctrl-C stops",
            err=True,
        )
        stack.watch()


def end_on_sigterm() -> None:
    """A SIGTERM ends the command as Ctrl-C does: everything that it started is stopped."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)

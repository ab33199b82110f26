"""`groove up`: the embedded stack, until Ctrl-C."""

import signal

import click

from worker.logs import configure_logs
from worker.operations.wording import counted
from worker.settings import load_settings


@click.command("up")
@click.option("--flower", "flower_port", type=int, help="Also start Flower on this port of 127.0.0.1.")
def up_command(flower_port: int | None) -> None:
    """Run the embedded stack until Ctrl-C: broker, store, workers, bridge; what dies is started again."""
    from worker.local.stack import running_stack

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

"""`groove up`: the embedded stack, until Ctrl-C."""

import signal
from typing import TYPE_CHECKING

import click

from worker.logs import configure_logs
from worker.operations.wording import counted
from worker.settings import Settings, load_settings

if TYPE_CHECKING:
    from worker.store.hooks.keeper import HookKeeper


@click.command("up")
@click.option("--flower", "flower_port", type=int, help="Also start Flower on this port of 127.0.0.1.")
@click.option("--web", "with_web", is_flag=True, help="Also start the dashboard, and print a link into it.")
def up_command(flower_port: int | None, *, with_web: bool) -> None:
    """Run the embedded stack until Ctrl-C: broker, store, workers, bridge; what dies is started again."""
    from worker.cli.hook_switch import switching
    from worker.local.stack import running_stack
    from worker.store.hooks.keeper import kept

    settings = load_settings()
    configure_logs(settings.log)
    with running_stack(settings, log_to_files=False, flower_port=flower_port, with_web=with_web) as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stack.stopping.set())
        click.echo(
            f"up: {counted(len(stack.children), 'parts')}, data in {settings.data_dir.absolute()}; Ctrl-C stops",
            err=True,
        )
        with kept(_keeper(settings)), switching(settings):
            stack.watch()


def _keeper(settings: Settings) -> "HookKeeper | None":
    """For a store elsewhere, which cannot reach this folder; the embedded one looks after it itself."""
    if settings.store.url is None:
        return None
    from worker.store.api import StoreApi
    from worker.store.hooks.keeper import HookKeeper

    return HookKeeper(settings.data_dir, StoreApi(settings.store_url, token=settings.write_token() or ""))

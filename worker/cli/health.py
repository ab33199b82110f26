"""`groove health`: whether a part on this machine shows life, for health checks of containers."""

from urllib.error import URLError
from urllib.request import urlopen

import click

from worker.errors import Unavailable
from worker.settings import load_settings

#: seconds without a heartbeat after which a part counts as stuck: more than its longest call may take
_PATIENCE_SECONDS = 30.0
_ANSWER_SECONDS = 5.0


@click.command("health")
@click.argument("part")
@click.option(
    "--patience",
    default=_PATIENCE_SECONDS,
    show_default=True,
    help="Seconds without a heartbeat, or a sign of waiting.",
)
@click.option("--port", default=5555, show_default=True, help="Flower's port.")
def health_command(part: str, *, patience: float, port: int) -> None:
    """Status 0 while PART is well: store, web, flower, bridge, or a worker's name.

    The store, the dashboard and Flower have to answer; a bridge or worker has to turn its loop and not hang in a call, and a bridge
    not to wait for another part.
    """
    if part == "store":
        _ask_store()
    elif part == "flower":
        _ask(part, port, "/healthcheck")
    elif part == "web":
        web = load_settings().web
        _ask(part, web.port, f"{web.prefix}/health")
    else:
        _look_at_heartbeat(part, patience)


def _ask_store() -> None:
    from worker.store.api import StoreApi

    settings = load_settings()
    store = StoreApi(settings.store_url, token=settings.read_token() or "", timeout_s=_ANSWER_SECONDS)
    store.learning_ids(beginning="\n")
    click.echo("store: answers")


def _ask(part: str, port: int, path: str) -> None:
    try:
        urlopen(f"http://127.0.0.1:{port}{path}", timeout=_ANSWER_SECONDS).close()
    except (URLError, OSError) as error:
        raise Unavailable(f"{part}: does not answer at port {port}: {error}") from error
    click.echo(f"{part}: answers")


def _look_at_heartbeat(part: str, patience: float) -> None:
    from worker.liveness.heartbeat_file import heartbeat_age, heartbeat_waits

    settings = load_settings()
    age, waits = heartbeat_age(settings, part), heartbeat_waits(settings, part)
    if age is None:
        raise Unavailable(f"{part}: does not run here")
    if age > patience:
        raise Unavailable(f"{part}: no heartbeat for {age:.0f} s")
    if waits and waits[0] > patience:
        raise Unavailable(f"{part}: has waited for {waits[0]:.0f} s: {waits[1]}")
    click.echo(f"{part}: alive, {age:.1f} s ago")

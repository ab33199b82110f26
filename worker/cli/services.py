"""`groove bridge`, `worker`, `store`: the parts, each in the foreground until SIGTERM."""

import os
import sys

import click

#: that a worker can be told to serve; whoever attributes finishes too
_QUEUES = ("attribution", "embedding", "finishing")


@click.command("bridge")
@click.option("--all-lost", is_flag=True, help="The queues were emptied: send again whatever is open.")
def bridge_command(*, all_lost: bool) -> None:
    """Read the event log into the ledger, enqueue sessions, finish what got lost."""
    arguments = ["--all-lost"] if all_lost else []
    os.execv(sys.executable, [sys.executable, "-P", "-m", "bridge", *arguments])


@click.command("worker")
@click.option("--queues", default="attribution,embedding", show_default=True, help="What it works on.")
@click.option("--concurrency", default=1, show_default=True, help="Processes; more workers of one beat one of more.")
@click.option("--name", default="worker", show_default=True, help="Its name in Flower and in the logs.")
def worker_command(queues: str, concurrency: int, name: str) -> None:
    """Work on sessions: embed them (queue embedding), attribute and finish them (queues attribution and finishing)."""
    # read when numpy is imported: our matrices are small, and a second thread of its library spins while it waits for one
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from worker.logs import configure_logs
    from worker.settings import load_settings
    from worker.tasks.worker_process import run_worker

    chosen = _queues(queues)
    settings = load_settings()
    configure_logs(settings.log)
    run_worker(settings, queues=chosen, concurrency=concurrency, name=name)


def _queues(text: str) -> list[str]:
    """Names between commas, blanks around them or not."""
    names = list(dict.fromkeys(name for name in map(str.strip, text.split(",")) if name))
    unknown = [name for name in names if name not in _QUEUES]
    if unknown or not names:
        told = f"there is no queue {', '.join(map(repr, unknown))}" if unknown else "no queue is named"
        raise click.BadParameter(f"{told}: there are {', '.join(_QUEUES)}", param_hint="--queues")
    return names


@click.command("store")
def store_command() -> None:
    """Serve the results over HTTP; exactly one store server owns a data folder."""
    from worker.logs import configure_logs
    from worker.settings import load_settings
    from worker.store.cozo.store import CozoStore
    from worker.store.server.app import serve
    from worker.store.server.tokens import Tokens

    settings = load_settings()
    configure_logs(settings.log)
    folder = settings.data_dir / "store"
    folder.mkdir(parents=True, exist_ok=True)
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = settings.store_url
    if settings.store.port:
        address = f"http://{settings.store.host}:{settings.store.port}"
    store = CozoStore(folder, parameters=settings.layers)
    serve(store, address=address, tokens=Tokens(read=settings.read_token() or "", write=settings.write_token() or ""))

"""`groove bridge`, `worker`, `store`: the parts, each in the foreground until SIGTERM."""

import os
import sys

import click


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

    settings = load_settings()
    configure_logs(settings.log)
    run_worker(settings, queues=queues.split(","), concurrency=concurrency, name=name)


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
    tokens = Tokens(read=settings.read_token() or "", write=settings.write_token() or "")
    serve(store, address=address, tokens=tokens, hosts=settings.store_hosts)

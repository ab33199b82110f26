"""`groove worker`: a worker, in the foreground until SIGTERM."""

import os

import click

from worker.logs import configure_logs
from worker.settings import load_settings


@click.command("worker")
@click.option("--queues", default="attribution,embedding", show_default=True, help="What it works on.")
@click.option("--concurrency", default=1, show_default=True, help="Processes; more workers of one beat one of more.")
@click.option("--name", default="worker", show_default=True, help="Its name in Flower and in the logs.")
def worker_command(queues: str, concurrency: int, name: str) -> None:
    """Work on sessions: embed them (queue embedding), attribute and finish them (queues attribution and finishing)."""
    # read when numpy is imported: our matrices are small, and a second thread of its library spins while it waits for one
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from worker.tasks.worker_process import run_worker

    settings = load_settings()
    configure_logs(settings.log)
    run_worker(settings, queues=queues.split(","), concurrency=concurrency, name=name)

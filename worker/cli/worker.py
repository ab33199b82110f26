"""`groove worker`: a worker, in the foreground until SIGTERM."""

import os

import click

from worker.logs import configure_logs
from worker.settings import load_settings

#: that a worker can be told to serve; whoever attributes finishes too
_QUEUES = ("attribution", "embedding", "finishing")


@click.command("worker")
@click.option("--queues", default="attribution,embedding", show_default=True, help="What it works on.")
@click.option("--concurrency", default=1, show_default=True, help="Processes; more workers of one beat one of more.")
@click.option("--name", default="worker", show_default=True, help="Its name in Flower and in the logs.")
def worker_command(queues: str, concurrency: int, name: str) -> None:
    """Work on sessions: embed them (queue embedding), attribute and finish them (queues attribution and finishing)."""
    # read when numpy is imported: our matrices are small, and a second thread of its library spins while it waits for one
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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

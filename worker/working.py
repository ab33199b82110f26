"""One Celery worker of ours: its queues, its children, and what happens when a child dies."""

import ctypes
import os
import signal
import sys
from typing import Any

import structlog
from celery.signals import setup_logging, task_failure, worker_process_init

from worker import canvas
from worker.app import make_app
from worker.canvas import from_wire
from worker.errors import GrooveError
from worker.resources import resources
from worker.settings import Settings
from worker.tasks.failing import give_up_lost
from worker.tasks.shared import now

log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1


def run_worker(settings: Settings, *, queues: list[str], concurrency: int, name: str) -> None:
    """Until SIGTERM; running tasks end first."""
    app = make_app(settings)
    app.set_default()
    worker = app.Worker(
        hostname=f"{name}@%h",
        queues=queues,
        concurrency=concurrency,
        pool="prefork",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=True,
        quiet=True,
    )
    worker.start()
    sys.exit(worker.exitcode or 0)


@setup_logging.connect
def _keep_our_logs(**_: Any) -> None:
    """Celery leaves logging alone when somebody listens here."""


@worker_process_init.connect
def _die_with_parent(**_: Any) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@task_failure.connect
def _note_lost(sender: Any = None, args: Any = (), exception: BaseException | None = None, **_: Any) -> None:
    """Celery calls this in the parent when a child was killed (its time was up, its memory, a signal): one try is spent."""
    if sender is None or sender.name not in (canvas.PREPARE, canvas.ATTRIBUTE):
        return
    reason = f"the worker process ended: {exception}"[:500]
    session_id, version, *rest = args
    try:
        give_up_lost(resources(), session_id, from_wire(version), rest[0] if rest else None, reason, now())
    except GrooveError as error:
        log.warning("left_to_sweeper", session_id=session_id, reason=str(error), pid=os.getpid())

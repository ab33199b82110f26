"""One Celery worker of ours: its queues, its children, and what happens when a child dies."""

import contextlib
import multiprocessing.util
import os
import signal
import socket
import sys
import tempfile
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from celery import bootsteps
from celery.signals import setup_logging, task_failure, worker_process_init
from celery.utils.nodenames import nodename
from celery.worker import state

from worker.embedder.model_files import check_model
from worker.errors import GrooveError
from worker.ledger import DIED, SessionRef
from worker.liveness.broker_heartbeat import sending_heartbeats
from worker.liveness.heartbeat_file import HeartbeatFile
from worker.metrics.work import of_all_processes, share_between_processes
from worker.resources import resources
from worker.settings import Settings
from worker.settings.folders import make_data_folder, make_private
from worker.system.parent_death import end_with_parent
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, FINISHING, named_session
from worker.tasks.failures import finish_failed, give_up_lost, reason_of
from worker.tasks.strange_messages import BearingConsumer, bear_strange_messages

log = structlog.get_logger()

_EVENTS_EVERY_S = 0.2
#: tasks whose child's death was noted, the latest
_noted: deque[str] = deque(maxlen=1000)


def run_worker(settings: Settings, *, queues: list[str], concurrency: int, name: str) -> None:
    """Until SIGTERM; running tasks end first. Who takes from the queue attribution takes from the queue finishing too."""
    if EMBEDDING in queues:
        check_model(settings.embedder.model)
    bear_strange_messages()
    app = make_app(settings)
    app.conf.worker_consumer = BearingConsumer
    app.set_default()
    make_data_folder(settings.data_dir)
    _share_memory_in(settings.run_dir)
    if settings.metrics.port:
        share_between_processes(settings, name)
    if EMBEDDING in queues:
        worker_process_init.connect(_load_model, weak=False)
    app.steps["worker"].add(_BeatPerTurn)
    app.steps["consumer"].add(_EventsTogether)
    hostname = nodename(name, socket.gethostname())
    worker = app.Worker(
        hostname=hostname,
        queues=[*([FINISHING] if ATTRIBUTION in queues else []), *queues],
        concurrency=concurrency,
        pool="prefork",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=True,
        quiet=True,
        heartbeat_file=HeartbeatFile(settings, name),
    )
    with sending_heartbeats(settings, hostname, _held), _serving_metrics(settings):
        worker.start()
    sys.exit(worker.exitcode or 0)


def _share_memory_in(folder: Path) -> None:
    """The pool makes a folder for the memory that it shares with its children; a worker that is killed leaves it, so not in everybody's."""
    make_private(folder)
    usual, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        multiprocessing.util.get_temp_dir()  # made now, and kept for the process
    finally:
        tempfile.tempdir = usual


def _serving_metrics(settings: Settings) -> contextlib.AbstractContextManager[None]:
    if not settings.metrics.port:
        return contextlib.nullcontext()
    # not sooner: the package looks only once whether its figures are shared
    from worker.metrics.serving import serving_metrics

    return serving_metrics(settings, of_all_processes)


class _BeatPerTurn(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery carries no types
    """Beats once per second from Celery's consumer loop, which stops while the broker cannot be reached."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, heartbeat_file: HeartbeatFile, **options: Any) -> None:
        self.heartbeat = heartbeat_file
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        parent.timer.call_repeatedly(1.0, self.heartbeat.beat)

    def stop(self, parent: Any) -> None:
        self.heartbeat.stop()


class _EventsTogether(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery carries no types
    """What Flower hears of tasks goes out a few times a second; by itself Celery would publish after each turn of its loop."""

    requires = ("celery.worker.consumer.events:Events",)

    def start(self, parent: Any) -> None:
        self._is_due = False
        if parent.hub is not None:
            parent.event_dispatcher.on_send_buffered = partial(self._flush_soon, parent)

    def stop(self, parent: Any) -> None:
        self._flush(parent)

    def _flush_soon(self, parent: Any) -> None:
        if not self._is_due:
            self._is_due = True
            parent.hub.call_later(_EVENTS_EVERY_S, self._flush, parent)

    def _flush(self, parent: Any) -> None:
        self._is_due = False
        parent._flush_events()  # noqa: SLF001 - what Celery itself calls after each turn


def _held() -> list[SessionRef]:
    """The sessions whose preparation was taken from the queue and has not ended."""
    taken = [request for request in list(state.requests.values()) if request.name == workflow.PREPARE]
    named = (named_session(request.args) for request in taken)
    return [SessionRef(session_id=session_id, version=version) for session_id, version in filter(None, named)]


@setup_logging.connect
def _keep_our_logs(**_: Any) -> None:
    """Celery leaves logging alone when somebody listens here."""


def _load_model(**_: Any) -> None:
    """Before the first task, whose time limit is for its own work. Without its model the worker ends: it can prepare nothing."""
    try:
        log.info("model_loaded", model=resources().embedder.model, precision=resources().embedder.precision)
    except Exception as error:  # noqa: BLE001 - Celery would swallow it, whatever it is, and let the child work on
        log.error("model_not_loaded", reason=reason_of(error))  # noqa: TRY400 - the reason is the message
        os.kill(os.getppid(), signal.SIGTERM)


@worker_process_init.connect
def _die_with_parent(**_: Any) -> None:
    end_with_parent(os.getppid())


@task_failure.connect
def _note_lost(
    sender: Any = None, task_id: str = "", args: Any = (), exception: BaseException | None = None, **_: Any
) -> None:
    """Celery calls this in the parent when a child was killed (its memory, a signal; twice when its time was up): one try is spent."""
    if (
        sender is None
        or sender.name not in (workflow.PREPARE, workflow.ATTRIBUTE, workflow.FINISH)
        or task_id in _noted
    ):
        return
    _noted.append(task_id)
    reason = f"{DIED}: {exception}"[:500]
    named = named_session(args)
    if named is None:
        log.warning("message_dropped", reason="its task names no session of ours", task=sender.name)
        return
    session_id, version = named
    try:
        if sender.name == workflow.FINISH:
            finish_failed(resources(), session_id, version, reason)
        else:
            give_up_lost(resources(), session_id, version, args[2] if args[2:] else None, reason)
    except GrooveError as error:
        log.warning("left_to_sweeper", session_id=session_id, reason=str(error), pid=os.getpid())

"""The embedded stack as a whole: started in order, watched, stopped in reverse order."""

import contextlib
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator

import structlog

from worker.errors import Unavailable
from worker.ledger.database import fold_back
from worker.local import parts
from worker.local.folder import owned_folder, tidied_run_dir
from worker.local.process import ChildProcess
from worker.settings import Settings
from worker.task_queue.queues import Queues

_READY_SECONDS = 60.0
#: restarts are counted over this long
_RESTART_WINDOW_SECONDS = 600.0
_LOOK_SECONDS = 0.2
_MAX_PAUSE_SECONDS = 10.0
#: parts that the others need until they have ended
_FOUNDATION = ("broker", "store")

log = structlog.get_logger()


class Stack:
    """Parts in the order of their start; `watch` keeps them running."""

    def __init__(self, settings: Settings, children: list[ChildProcess]) -> None:
        self.settings = settings
        self.children = children
        self.stopping = threading.Event()
        self._restarts: dict[str, deque[float]] = defaultdict(deque)
        self._not_before: dict[str, float] = {}

    def start(self) -> None:
        for child in self.children:
            child.start()
            child.wait_until_ready(_READY_SECONDS)
            if child.name == "broker":
                # whoever these messages were for is gone; the bridge sends again what the ledger has open
                Queues(self.settings).forget()

    def stop(self) -> None:
        """Stop the parts that do the work, all at once, then what they stand on."""
        self.stopping.set()
        for child in self.children:
            if child.name not in _FOUNDATION:
                child.ask_to_end()
        for child in reversed(self.children):
            child.stop(self.settings.local.stop_seconds)

    def look_after(self) -> None:
        """Start again what has died, later each time. Raises `Unavailable` when a part has died too often."""
        now = time.monotonic()
        for child in self.children:
            if child.is_running or now < self._not_before.get(child.name, 0):
                continue
            if child.name not in self._not_before:
                self._note_death(child, now)
                continue
            del self._not_before[child.name]
            child.start()

    def _note_death(self, child: ChildProcess, now: float) -> None:
        deaths = self._restarts[child.name]
        deaths.append(now)
        while deaths[0] < now - _RESTART_WINDOW_SECONDS:
            deaths.popleft()
        if len(deaths) > self.settings.local.max_restarts:
            times = f"{child.name} died {len(deaths)} times within ten minutes (last status {child.exit_status})"
            raise Unavailable(f"{times}: giving up; see {child.log or 'its lines above'}")
        pause = min(0.1 * 2 ** (len(deaths) - 1), _MAX_PAUSE_SECONDS)
        log.warning("part_restarted", part=child.name, status=child.exit_status, deaths=len(deaths), pause=pause)
        self._not_before[child.name] = now + pause

    def watch(self) -> None:
        """Until `stopping` is set."""
        while not self.stopping.wait(_LOOK_SECONDS):
            self.look_after()


@contextlib.contextmanager
def running_stack(
    settings: Settings, *, log_to_files: bool, flower_port: int | None = None, with_web: bool = False
) -> Iterator[Stack]:
    """The whole stack, up and answering; ended with the block, whatever happens in it."""
    _check_models(settings)
    with owned_folder(settings), tidied_run_dir(settings):
        stack = Stack(settings, list(_children(settings, log_to_files, flower_port, with_web)))
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
            fold_back(settings.ledger_url)


def _check_models(settings: Settings) -> None:
    """Before anything starts: each worker would find out for itself, and be started again."""
    from worker.embedder.model_files import (
        check_model,
    )  # brings numpy, which no command needs that starts a store alone

    check_model(settings.embedder.model)


@contextlib.contextmanager
def running_store(settings: Settings, *, with_broker: bool = False) -> Iterator[None]:
    """The embedded store server alone, or with the embedded broker, for the length of one command; what is not embedded is left out."""
    with owned_folder(settings), contextlib.ExitStack() as running:
        for child in _foundation(settings, with_broker):
            running.callback(child.stop, settings.local.stop_seconds)
            child.start()
            child.wait_until_ready(_READY_SECONDS)
        yield


def _foundation(settings: Settings, with_broker: bool) -> Iterator[ChildProcess]:
    if with_broker and settings.broker is None:
        yield parts.broker(settings, _environ(settings))
    if settings.store.url is None:
        yield parts.store(settings, _environ(settings), log=True)


def _children(
    settings: Settings, log_to_files: bool, flower_port: int | None, with_web: bool
) -> Iterator[ChildProcess]:
    environ = _environ(settings)
    if settings.broker is None:
        yield parts.broker(settings, environ)
    if settings.store.url is None:
        yield parts.store(settings, environ, log=log_to_files)
    for number in range(1, settings.worker_count + 1):
        yield parts.worker(settings, environ, number, log=log_to_files)
    yield parts.bridge(settings, environ, all_lost=settings.broker is None, log=log_to_files)
    if flower_port is not None:
        yield parts.flower(settings, environ, flower_port, log=log_to_files)
    if with_web:
        yield parts.web(settings, environ, flower_port)


def _environ(settings: Settings) -> dict[str, str]:
    """Ours, with the folder spelt out: a part may not depend on where it is started."""
    environ = dict(os.environ)
    environ["GROOVE_DATA_DIR"] = str(settings.data_dir.absolute())
    return environ

"""Looks again and again, so that a hook's snapshot is current within a second and its spool is soon empty."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

from worker.errors import GrooveError
from worker.formats.hook_folder import HookFolder
from worker.store.hooks.delivery import deliver
from worker.store.hooks.records import HookRecords, is_recorded
from worker.store.hooks.seam import PolicyStore
from worker.store.hooks.snapshots import refresh_snapshot
from worker.store.hooks.spool import drain, has_lines, has_renamed, the_spool
from worker.system.clock import DAY, HOUR, now_micros

_INTERVAL_S = 0.1
#: a hook that is slow to write is as good as one that comes later
_RENAMED_INTERVAL_S = 30.0
#: microseconds; assistants keep a session for a month, so nobody will import it any more
_UNMATCHED_KEPT_FOR = 90 * DAY
_log = structlog.get_logger(__name__)


class HookKeeper:
    """`changes`: a number that rises with whatever a snapshot is made of; None: nobody can tell, so it is asked for at every look."""

    def __init__(
        self,
        data_dir: Path,
        store: PolicyStore,
        *,
        changes: Callable[[], int] | None = None,
        clock: Callable[[], int] = now_micros,
    ) -> None:
        self._folder, self._store = HookFolder(data_dir), store
        self._changes, self._clock = changes, clock
        self._known: object = None
        self._told = ""
        #: by a clock that is never set: when renamed spools are read again
        self._due_at = 0.0
        #: when old records were looked for last
        self._day = 0
        #: whoever was here before may have been killed
        self._has_undelivered = is_recorded(self._folder)

    def look(self, *, patient: bool = False) -> None:
        """Everything once. `patient`: wait for whoever else drains the spool. Raises `GrooveError`."""
        if not self._folder.path.is_dir():
            return
        self._refresh()
        self._take_in(patient=patient)
        self._forget_unmatched()

    def keep_looking(self, stopping: threading.Event) -> None:
        """Until `stopping` is set; what fails is told once, and tried again."""
        while not stopping.wait(_INTERVAL_S):
            self.look_and_tell()

    def look_and_tell(self) -> None:
        try:
            self.look()
        except GrooveError as error:
            if self._is_news(str(error)):
                _log.warning("hooks.not_kept", reason=str(error))
        except Exception as error:  # noqa: BLE001 - nobody would notice that the keeper has ended
            if self._is_news(repr(error)):
                _log.exception("hooks.not_kept")
        else:
            self._told = ""

    def _is_news(self, what: str) -> bool:
        """What fails at every look is told once."""
        before, self._told = self._told, what
        return what != before

    def _refresh(self) -> None:
        if (state := self._state()) is not None and state == self._known:
            return
        if refresh_snapshot(self._folder, self._store, now=self._clock()):
            _log.info("hooks.snapshot_written", path=str(self._folder.snapshot))
        self._known = state

    def _state(self) -> object:
        """What a snapshot is made of, and whether it is there; None: it is to be asked for."""
        if self._changes is None:
            return None
        places = (self._folder.managed, self._folder.snapshot)
        return (self._changes(), self._clock() // HOUR, *(_stamp(path) for path in places))

    def _take_in(self, *, patient: bool) -> None:
        is_due = time.monotonic() >= self._due_at and has_renamed(self._folder)
        if not (patient or is_due or self._has_undelivered or has_lines(self._folder)):
            return
        self._due_at = time.monotonic() + _RENAMED_INTERVAL_S
        with the_spool(self._folder, patient=patient) as is_ours:
            if not is_ours:
                return
            self._has_undelivered = True
            with closing(HookRecords(self._folder)) as records:
                drain(self._folder, records, now=self._clock())
                deliver(records, self._store, now=self._clock())
            self._has_undelivered = False

    def _forget_unmatched(self) -> None:
        """Once a day."""
        now = self._clock()
        if self._day == now // DAY or not is_recorded(self._folder):
            return
        with closing(HookRecords(self._folder)) as records:
            if gone := records.forget_unmatched(before=now - _UNMATCHED_KEPT_FOR):
                _log.info("hooks.old_records_removed", records=gone)
        self._day = now // DAY


@contextmanager
def kept(keeper: HookKeeper | None) -> Iterator[None]:
    """It looks beside the block, in a thread of its own; None: nobody does."""
    if keeper is None:
        yield
        return
    stopping = threading.Event()
    thread = threading.Thread(target=keeper.keep_looking, args=(stopping,), name="hook-keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size

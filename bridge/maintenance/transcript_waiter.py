"""Looks for transcripts that come after their event, ever more rarely, until they are there or have been waited for long enough."""

import structlog

from bridge.enqueue import Enqueuer
from bridge.maintenance.transcript_files import read_transcript_file
from worker.errors import InvalidEvent, NotFound, Superseded
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import Ledger, WaitingSession
from worker.settings import Settings

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 3600.0
#: doublings after which the longest pause is reached for sure
_MOST_DOUBLINGS = 16


class TranscriptWaiter:
    name = "transcripts"

    def __init__(self, settings: Settings, ledger: Ledger, enqueuer: Enqueuer) -> None:
        self._options, self._wait_hours = settings.bridge, settings.sweeper.transcript_wait_hours
        self._ledger, self._enqueuer = ledger, enqueuer

    def run(self) -> None:
        for waiting in self._ledger.sweep.waiting():
            try:
                self._look(waiting)
            except InvalidEvent as reason:
                self._ledger.work.fail_session(waiting.session_id, waiting.version, str(reason))
            except (Superseded, NotFound):
                continue

    def _look(self, waiting: WaitingSession) -> None:
        work = self._ledger.work.load_work(waiting.session_id, waiting.version)
        event = read_heavy_event(work.payload, logged_at=work.logged_at)
        found = self._read(event.transcript_path)
        if found is None:
            self._wait_on(waiting)
            return
        sent_at, event_id = self._ledger.now(), waiting.version.event_id
        ref = self._ledger.work.save_transcript(waiting.session_id, found, event_id=event_id)
        if ref is not None:
            self._enqueuer.prepare([ref], sent_at=sent_at)

    def _read(self, path: str | None) -> bytes | None:
        if path is None:
            return None
        return read_transcript_file(path, root=self._options.transcript_root, max_bytes=self._options.max_message_bytes)

    def _wait_on(self, waiting: WaitingSession) -> None:
        """The time is counted by the looks: no clock that jumps gives a session up."""
        session_id, version = waiting.session_id, waiting.version
        if sum(map(_pause, range(1, waiting.tries))) > self._wait_hours * 3600:
            log.error("transcript_never_came", session_id=session_id, event_id=version.event_id)
            reason = f"the transcript did not come within {self._wait_hours:g} hours"
            self._ledger.work.fail_session(session_id, version, reason)
            return
        pause = _pause(waiting.tries)
        self._ledger.work.mark_waiting(session_id, version, reason=waiting.reason, pause_seconds=pause)


def _pause(tries: int) -> float:
    """Seconds after the look of this number."""
    return min(_FIRST_PAUSE_SECONDS * (1 << min(tries, _MOST_DOUBLINGS)), _LONGEST_PAUSE_SECONDS)

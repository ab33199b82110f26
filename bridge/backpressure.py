"""Whether reading should pause because too much is under way already."""

import time

import structlog

from worker.ledger import Ledger
from worker.settings.groups import BridgeSettings
from worker.task_queue.queues import Queues

log = structlog.get_logger()

#: seconds for which an answer is believed
_BELIEVED_SECONDS = 0.25


class Backpressure:
    def __init__(self, limits: BridgeSettings, ledger: Ledger, queues: Queues) -> None:
        self._limits, self._ledger, self._queues = limits, ledger, queues
        self._reason = ""
        self._asked_at = 0.0

    def is_high(self) -> bool:
        """Said once when it begins and once when it ends. Raises `Unavailable`."""
        if time.monotonic() >= self._asked_at + _BELIEVED_SECONDS:
            reason = self._ask()
            self._asked_at = time.monotonic()
            if reason and not self._reason:
                log.warning("reading_paused", reason=reason)
            if self._reason and not reason:
                log.info("reading_resumed")
            self._reason = reason
        return bool(self._reason)

    def _ask(self) -> str:
        queued = sum(self._queues.lengths().values())
        if queued > self._limits.max_queue_length:
            return f"{queued} tasks queued, more than bridge.max_queue_length"
        backlog = self._ledger.counts.backlog()
        if backlog > self._limits.max_backlog:
            return f"{backlog} sessions unfinished, more than bridge.max_backlog"
        return ""

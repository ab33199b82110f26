"""Retention: once per hour throws away what is old, in the ledger and among the heartbeats, by a clock that something else confirms.

A clock that is a year ahead would throw away what is a day old. So it is believed when the ledger has heard of something lately by that
clock, or once it has gone on evenly for as long as two looks are apart.
"""

import time

from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings.groups import SweeperSettings
from worker.system.clock import DAY, SECOND, now_micros

_INTERVAL_SECONDS = 3600.0
#: since the newest event; after a longer rest, and after a jump, the clock has to go on for `_INTERVAL_SECONDS` first
_LATELY = 7 * DAY
#: between this process's counter and the ledger's clock; more is a jump
_MOST_DRIFT = 60 * SECOND


class Cleaner:
    name = "retention"

    def __init__(self, options: SweeperSettings, ledger: Ledger, heartbeats: Heartbeats) -> None:
        self._options, self._ledger, self._heartbeats = options, ledger, heartbeats
        self._due_at: float | None = None
        self._last = (0.0, 0)

    def run(self) -> None:
        counter, now = time.monotonic(), self._ledger.now()
        if self._due_at is None:
            self._due_at = counter + (0 if self._is_confirmed(now) else _INTERVAL_SECONDS)
        elif abs(now - self._last[1] - (counter - self._last[0]) * SECOND) > _MOST_DRIFT:
            self._due_at = counter + _INTERVAL_SECONDS
        self._last = (counter, now)
        if counter >= self._due_at:
            self._due_at = counter + _INTERVAL_SECONDS
            self._clean()

    def _is_confirmed(self, now: int) -> bool:
        newest = self._ledger.retention.newest()
        return newest is not None and abs(now - newest) < _LATELY

    def _clean(self) -> None:
        if self._options.payload_days:
            self._ledger.retention.prune(keep_days=self._options.payload_days)
        if self._options.outbox_days:
            self._ledger.retention.prune_sent(keep_days=self._options.outbox_days)
        dead = [beat.part for beat in self._heartbeats.read() if beat.at < now_micros() - DAY]
        if dead:
            self._heartbeats.remove(*dead)

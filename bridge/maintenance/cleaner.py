"""Retention: once per hour throws away what is old, in the ledger and among the heartbeats."""

import time

from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings.settings import SweeperSettings
from worker.system.clock import DAY, now_micros

_INTERVAL_SECONDS = 3600.0


class Cleaner:
    name = "retention"

    def __init__(self, options: SweeperSettings, ledger: Ledger, heartbeats: Heartbeats) -> None:
        self._options, self._ledger, self._heartbeats = options, ledger, heartbeats
        self._due_at = 0.0

    def run(self) -> None:
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _INTERVAL_SECONDS
        if self._options.payload_days:
            self._ledger.retention.prune(keep_days=self._options.payload_days)
        if self._options.outbox_days:
            self._ledger.retention.prune_sent(keep_days=self._options.outbox_days)
        dead = [beat.part for beat in self._heartbeats.read() if beat.at < now_micros() - DAY]
        if dead:
            self._heartbeats.remove(*dead)

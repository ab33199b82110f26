"""What pages ask: the store and the ledger. Both are asked in threads; one object serves them all."""

import hashlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.errors import Unavailable
from worker.settings import Settings
from worker.store.api import StoreApi
from worker.system.clock import now_micros

if TYPE_CHECKING:
    from worker.ledger import Ledger


class Sources:
    def __init__(self, settings: Settings, store: StoreApi) -> None:
        self.settings, self.store = settings, store
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._looking = threading.Lock()
        self._seen = b""
        # above what an earlier process told pages that are still open
        self._stamp = now_micros() // 1000

    @property
    def ledger(self) -> "Ledger":
        """Opened when it is first needed, and tried again while it cannot be reached."""
        from worker.ledger import open_ledger

        with self._lock:
            if self._ledger is None:
                quiet = self.settings.bridge.late_event_quiet_seconds
                self._ledger = open_ledger(self.settings.ledger_url, quiet_seconds=quiet)
            return self._ledger

    def stamp(self) -> int:
        """Rises whenever something changed that a page may show. One look at a time: no older one is told after a newer one."""
        with self._looking:
            parts = (self._store_stamp, self._ledger_stamp)
            seen = hashlib.blake2b("\n".join(_or_away(part) for part in parts).encode(), digest_size=8).digest()
            if seen != self._seen:
                self._seen = seen
                self._stamp += 1
            return self._stamp

    def _store_stamp(self) -> str:
        return self.store.revision()

    def _ledger_stamp(self) -> str:
        counts = self.ledger.counts.count()
        return repr((counts.sessions, counts.entries, counts.dead_letters, counts.outbox_unsent))

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.dispose()


def _or_away(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Unavailable:
        return "away"

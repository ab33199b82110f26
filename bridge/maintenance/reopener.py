"""New attempts of sessions that lightweight events came late for, once it has been quiet."""

from bridge.enqueue import Enqueuer
from worker.ledger import Ledger


class Reopener:
    name = "late events"

    def __init__(self, ledger: Ledger, enqueuer: Enqueuer) -> None:
        self._ledger, self._enqueuer = ledger, enqueuer

    def run(self) -> None:
        sent_at = self._ledger.now()
        sessions = self._ledger.sweep.reopen_quiet()
        if sessions:
            self._enqueuer.prepare(sessions, sent_at=sent_at)

"""Sends messages that the finish of their session could not publish."""

from worker.event_log.protocol import EventLog
from worker.ledger import Ledger
from worker.publish_outbox import drain_outbox

#: a message this young is most likely being published by its session's finish right now
_GRACE_SECONDS = 5


class OutboxPublisher:
    name = "outbox"

    def __init__(self, ledger: Ledger, event_log: EventLog) -> None:
        self._ledger, self._event_log = ledger, event_log

    def run(self) -> None:
        drain_outbox(self._ledger, self._event_log, min_age_seconds=_GRACE_SECONDS)

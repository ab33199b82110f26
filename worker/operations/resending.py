"""Messages that were sent before, sent again; they keep their ids, so that readers know the copies."""

from dataclasses import dataclass

from worker.event_log.opening import open_event_log
from worker.ledger import Ledger
from worker.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Resent:
    sent_again: int
    #: left in the outbox: the event log refuses them
    unsent: int


def resend(ledger: Ledger, settings: Settings, *, since: int | None = None, session_id: str | None = None) -> Resent:
    """Resend a session's results, or all since `since`. Raises `EventLogUnavailable`; then the outbox keeps them."""
    from worker.publish_outbox import drain_outbox

    count = ledger.outbox.resend(since=since, session_id=session_id)
    event_log = open_event_log(settings.event_log_url)
    try:
        drain_outbox(ledger, event_log)
    finally:
        event_log.close()
    return Resent(sent_again=count, unsent=ledger.counts.count().outbox_unsent)

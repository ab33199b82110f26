"""Sends what the outbox holds to the event log: at least once, and recognisably the same when it is sent twice."""

import structlog

from worker.event_log.protocol import EventLog, TopicName
from worker.ledger import Ledger

log = structlog.get_logger()


def drain_outbox(
    ledger: Ledger, event_log: EventLog, *, now: int, session_id: str | None = None, created_before: int | None = None
) -> int:
    """Publish unsent messages, oldest first -> how many. Raises `EventLogUnavailable`; what was not sent stays."""
    messages = ledger.outbox.unsent(session_id=session_id, created_before=created_before)
    for message in messages:
        topic = TopicName(stream=message.stream, topic=message.topic)
        event_log.publish(topic, key=message.key, message_id=message.message_id, payload=message.payload)
        ledger.outbox.mark_sent([message.id], now)
    return len(messages)

"""Sends what the outbox holds to the event log: at least once, and recognisably the same when it is sent twice."""

from collections import Counter
from collections.abc import Iterator

import structlog

from worker.errors import EventLogUnavailable, MessageRefused
from worker.event_log.protocol import EventLog, TopicName
from worker.ledger import Ledger, UnsentMessage

log = structlog.get_logger()

_PAGE = 100


def drain_outbox(
    ledger: Ledger, event_log: EventLog, *, session_id: str | None = None, min_age_seconds: float = 0
) -> int:
    """Publish all unsent messages (of one session, or of some age), oldest first -> how many went out.

    One that the log refuses, or does not answer for, stays for the next time and holds up none behind it. Raises `EventLogUnavailable`
    when one got no answer, at once when two in a row did: the log itself is away then. What was not sent stays.
    """
    sent = 0
    unanswered: EventLogUnavailable | None = None
    is_away = False
    refused: Counter[tuple[str, str]] = Counter()
    try:
        for message in _unsent(ledger, session_id, min_age_seconds):
            topic = TopicName(stream=message.stream, topic=message.topic)
            try:
                event_log.publish(topic, key=message.key, message_id=message.message_id, payload=message.payload)
            except MessageRefused as reason:
                refused[str(topic), str(reason)] += 1
                continue
            except EventLogUnavailable as error:
                if is_away:
                    raise
                unanswered, is_away = error, True
                continue
            is_away = False
            ledger.outbox.mark_sent([message.id])
            sent += 1
    finally:
        for (name, why), messages in refused.items():
            log.error("messages_refused", topic=name, reason=why, messages=messages)
    if unanswered is not None:
        raise unanswered
    return sent


def _unsent(ledger: Ledger, session_id: str | None, min_age_seconds: float) -> Iterator[UnsentMessage]:
    """In pages, each behind the one before: what is refused stays unsent, and would come again and again."""
    after = 0
    while True:
        page = ledger.outbox.unsent(_PAGE, after=after, session_id=session_id, min_age_seconds=min_age_seconds)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id

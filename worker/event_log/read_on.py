"""Reads on from a position, and notices when the log is not the one that the position belongs to.

Every read begins one message before the position: that one must still carry the id it had. If it does not, or the log ends before it,
the log was *rewound*: a hard stop lost its unsaved tail, and other messages stand, or will stand, where read ones stood.
"""

from worker.event_log.protocol import EventLog, LogMessage, TopicName


def read_on(
    event_log: EventLog, name: TopicName, partition: int, *, position: int, last_id: str | None, limit: int
) -> list[LogMessage] | None:
    """At most `limit` messages from `position` on; None when the log was rewound.

    `last_id`: the id of the message before the position; None when nothing was read yet.
    """
    if last_id is None:
        return event_log.read(name, partition, position, limit)
    messages = event_log.read(name, partition, position - 1, limit + 1)
    if not messages:
        return None if event_log.ends(name, partition).end < position else []
    if messages[0].offset != position - 1:
        return messages  # the message before the position was thrown away, as it may be
    return messages[1:] if str(messages[0].message_id) == last_id else None

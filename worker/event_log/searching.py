"""Looks through a whole topic for the messages of some sessions, and deletes them where the log can."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from worker.event_log.protocol import EventLog, TopicName
from worker.formats.session_of import tells_of

#: messages per read
_PAGE = 100


def find_messages(event_log: EventLog, name: TopicName, session_ids: AbstractSet[str]) -> dict[int, list[int]]:
    """By partition, the offsets of the messages that tell of any of these sessions; copies are found as well."""
    partitions = range(event_log.partitions(name))
    found = {number: list(_offsets(event_log, name, number, session_ids)) for number in partitions}
    return {number: offsets for number, offsets in found.items() if offsets}


def _offsets(event_log: EventLog, name: TopicName, partition: int, session_ids: AbstractSet[str]) -> Iterator[int]:
    position = 0
    while messages := event_log.read(name, partition, position, _PAGE):
        yield from (message.offset for message in messages if tells_of(message.payload, session_ids))
        position = messages[-1].offset + 1

"""What every event log promises, on each of them."""

import re
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4, uuid5

import pytest

from worker.errors import EventLogUnavailable, MessageRefused
from worker.event_log.protocol import EventLog, LogMessage, PartitionEnds, TopicName
from worker.event_log.read_on import read_on
from worker.event_log.searching import find_messages

NAMESPACE = UUID("5b1c8f1e-6f7a-4f53-9f5c-0d6f5c3b8a11")


def published(log: EventLog, name: TopicName, count: int, *, key: str = "one key") -> list[UUID]:
    """Numbered messages of one key, all in one partition -> their ids."""
    ids = [uuid4() for _ in range(count)]
    log.publish_many(name, [(key, each, f"message {number}".encode()) for number, each in enumerate(ids)])
    return ids


def everything(log: EventLog, name: TopicName) -> dict[int, list[LogMessage]]:
    return {number: log.read(name, number, 0, 10_000) for number in range(log.partitions(name))}


def the_partition(log: EventLog, name: TopicName) -> int:
    """The only partition that holds anything."""
    [partition] = [number for number, messages in everything(log, name).items() if messages]
    return partition


def test_an_unknown_topic_has_no_partitions(any_log: EventLog, name: TopicName) -> None:
    """A topic that nobody made counts 0 partitions, whether its stream is there or not."""
    assert any_log.partitions(name) == 0
    any_log.ensure_topic(name, 2)
    assert any_log.partitions(replace(name, topic="other")) == 0


def test_a_topic_is_made_once(any_log: EventLog, name: TopicName) -> None:
    """A topic that is there keeps its partitions and its messages, whatever is asked for later."""
    assert any_log.ensure_topic(name, 3) == 3
    published(any_log, name, 1)
    assert any_log.ensure_topic(name, 5) == 3
    assert any_log.partitions(name) == 3
    assert sum(map(len, everything(any_log, name).values())) == 1


def test_a_message_comes_back_as_it_was(any_log: EventLog, name: TopicName) -> None:
    """Payload and id survive byte for byte, the first offset is 0 and the time is in microseconds."""
    any_log.ensure_topic(name, 1)
    message_id, payload = uuid5(NAMESPACE, "one"), bytes(range(256)) + "ünïcode ✓ \r\n".encode()
    any_log.publish(name, key="session “1”", message_id=message_id, payload=payload)
    [message] = any_log.read(name, 0, 0, 10)
    assert (message.offset, message.message_id, message.payload) == (0, message_id, payload)
    assert 1_600_000_000_000_000 < message.timestamp < 4_000_000_000_000_000


def test_one_key_keeps_its_order(any_log: EventLog, name: TopicName) -> None:
    """All messages of a key lie in one partition, in the order of publishing, with rising offsets."""
    any_log.ensure_topic(name, 4)
    ids = published(any_log, name, 30)
    messages = any_log.read(name, the_partition(any_log, name), 0, 100)
    assert [message.message_id for message in messages] == ids
    assert [message.offset for message in messages] == list(range(30))


def test_a_key_always_means_the_same_partition(any_log: EventLog, name: TopicName) -> None:
    """Single and bulk publishing agree on where a key belongs."""
    any_log.ensure_topic(name, 4)
    keys = [f"session {number}" for number in range(20)]
    for key in keys:
        any_log.publish(name, key=key, message_id=uuid5(NAMESPACE, key), payload=key.encode())
    any_log.publish_many(name, [(key, uuid5(NAMESPACE, key), key.encode()) for key in keys])
    payloads = [[message.payload for message in messages] for messages in everything(any_log, name).values()]
    assert all(sorted(part) == sorted(2 * list(set(part))) for part in payloads)
    assert sum(bool(part) for part in payloads) > 1


def test_reading_begins_where_it_is_told(any_log: EventLog, name: TopicName) -> None:
    """A read yields at most `limit` messages from the offset on, and nothing at or past the end."""
    any_log.ensure_topic(name, 1)
    published(any_log, name, 10)
    assert [message.offset for message in any_log.read(name, 0, 4, 3)] == [4, 5, 6]
    assert [message.offset for message in any_log.read(name, 0, 9, 3)] == [9]
    assert any_log.read(name, 0, 10, 3) == []
    assert any_log.read(name, 0, 1000, 3) == []


def test_reading_takes_nothing_away(any_log: EventLog, name: TopicName) -> None:
    """The log keeps no position for its readers."""
    any_log.ensure_topic(name, 1)
    published(any_log, name, 5)
    assert any_log.read(name, 0, 0, 5) == any_log.read(name, 0, 0, 5)


def test_the_ends_of_a_partition(any_log: EventLog, name: TopicName) -> None:
    """An empty partition begins where it ends; then the end is the next offset."""
    any_log.ensure_topic(name, 1)
    assert any_log.ends(name, 0) == PartitionEnds(begin=0, end=0)
    published(any_log, name, 1)
    assert any_log.ends(name, 0) == PartitionEnds(begin=0, end=1)
    published(any_log, name, 6)
    assert any_log.ends(name, 0) == PartitionEnds(begin=0, end=7)


def test_copies_of_a_message_are_both_kept(any_log: EventLog, name: TopicName) -> None:
    """The log does not compare ids; a reader tells copies apart by them."""
    any_log.ensure_topic(name, 1)
    message_id = uuid4()
    for _ in range(2):
        any_log.publish(name, key="k", message_id=message_id, payload=b"{}")
    assert [message.message_id for message in any_log.read(name, 0, 0, 9)] == [message_id, message_id]


def test_topics_are_kept_apart(any_log: EventLog, name: TopicName) -> None:
    """Two topics of one stream, and one topic name in two streams, share nothing."""
    names = [name, replace(name, topic="lightweight"), replace(name, stream=f"{name.stream}-2")]
    for each in names:
        any_log.ensure_topic(each, 1)
    published(any_log, name, 3)
    assert [len(any_log.read(each, 0, 0, 9)) for each in names] == [3, 0, 0]


def test_large_and_many(any_log: EventLog, name: TopicName) -> None:
    """More than one round trip carries, in order, with a message of 12 MB in the middle."""
    any_log.ensure_topic(name, 1)
    sizes = [100] * 700 + [12_000_000] + [100] * 700
    any_log.publish_many(name, [("k", uuid5(NAMESPACE, str(n)), b"x" * size) for n, size in enumerate(sizes)])
    read: list[LogMessage] = []
    while batch := any_log.read(name, 0, len(read), 500):
        read += batch
    assert [len(message.payload) for message in read] == sizes
    assert [message.message_id for message in read] == [uuid5(NAMESPACE, str(n)) for n in range(len(sizes))]


def test_publishing_nothing(any_log: EventLog, name: TopicName) -> None:
    """An empty list is no message."""
    any_log.ensure_topic(name, 1)
    any_log.publish_many(name, [])
    assert any_log.ends(name, 0).end == 0


def test_a_missing_topic_is_said_to_be_missing(any_log: EventLog, name: TopicName) -> None:
    """Reading from and publishing to a topic that is not there ends with its name, and making it cures that."""
    with pytest.raises(EventLogUnavailable, match=re.escape(str(name))):
        any_log.read(name, 0, 0, 1)
    with pytest.raises(MessageRefused, match=re.escape(str(name))):
        any_log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
    with pytest.raises(MessageRefused, match=re.escape(str(name))):
        published(any_log, name, 2)
    any_log.ensure_topic(name, 1)
    any_log.publish(name, key="k", message_id=uuid4(), payload=b"{}")
    assert len(any_log.read(name, 0, 0, 1)) == 1


def test_trimming_spares_what_lies_above(any_log: EventLog, name: TopicName) -> None:
    """After a trim everything from the offset on is there, offsets go on, and an offset that is gone yields what follows it."""
    any_log.ensure_topic(name, 1)
    published(any_log, name, 300)
    any_log.trim(name, 0, 250)
    begin = any_log.ends(name, 0).begin
    assert begin <= 250
    first, *_, last = any_log.read(name, 0, 0, 1000)
    assert (first.offset, last.offset) == (begin, 299)
    any_log.trim(name, 0, 300)
    published(any_log, name, 1)
    assert any_log.ends(name, 0).end == 301
    assert any_log.read(name, 0, 300, 1)[0].offset == 300


def test_single_messages_deleted(any_log: EventLog, name: TopicName) -> None:
    """Those are gone and the others as they were, a reader behind a deleted message reads on; or the log says that it cannot do this."""
    any_log.ensure_topic(name, 1)
    ids = published(any_log, name, 250)
    before = any_log.read(name, 0, 0, 1000)
    gone = [0, 17, 100, 249]
    if not any_log.delete(name, 0, gone):
        assert not any_log.scrub()
        assert any_log.read(name, 0, 0, 1000) == before
        return
    assert any_log.scrub()
    assert any_log.read(name, 0, 0, 1000) == [message for message in before if message.offset not in gone]
    assert any_log.ends(name, 0) == PartitionEnds(begin=1, end=250)
    read = partial(read_on, any_log, name, 0, limit=1000)
    assert read(position=250, last_id=str(ids[249])) == []
    published(any_log, name, 1)
    assert [message.offset for message in read(position=250, last_id=str(ids[249])) or ()] == [250]
    assert [message.offset for message in read(position=249, last_id=str(ids[248])) or ()] == [250]
    assert any_log.delete(name, 0, list(range(251)))
    assert any_log.ends(name, 0) == PartitionEnds(begin=251, end=251)
    assert read(position=251, last_id=str(ids[0])) == []


def test_messages_of_a_session_are_found_in_every_partition(any_log: EventLog, name: TopicName) -> None:
    """Whatever key a copy came under; other sessions' are not among them."""
    any_log.ensure_topic(name, 3)
    messages = [(str(n), uuid4(), f'{{"session_id": "{n % 4}"}}'.encode()) for n in range(400)]
    any_log.publish_many(name, messages)
    found = find_messages(any_log, name, {"1", "nobody"})
    assert sum(map(len, found.values())) == 100
    at = {
        (number, message.offset): message.payload
        for number, all_ in everything(any_log, name).items()
        for message in all_
    }
    assert {at[number, offset] for number, offsets in found.items() for offset in offsets} == {b'{"session_id": "1"}'}

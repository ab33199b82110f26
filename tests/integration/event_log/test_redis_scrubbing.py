"""What was deleted from a log on Redis stands in none of the server's files."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fixtures.broker import Broker

from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import RedisEventLog

NAME = TopicName(stream="groove.assessment", topic="heavy")
MARKER = b"quarkstrudel"


@pytest.fixture
def log(own_broker: Broker) -> Iterator[RedisEventLog]:
    log = RedisEventLog(own_broker.url)
    log.ensure_topic(NAME, 1)
    yield log
    log.close()


def test_no_byte_of_a_deleted_message_stays(own_broker: Broker, log: RedisEventLog) -> None:
    """Among others in one block of the stream, now, after a later rewrite, and after a restart; its neighbours stay."""
    payloads = [b"one", MARKER + uuid4().bytes, b"three"]
    log.publish_many(NAME, [("k", uuid4(), payload) for payload in payloads])
    assert holding(own_broker)
    assert log.delete(NAME, 0, [1])
    assert log.scrub()
    own_broker.stop()
    assert holding(own_broker) == []
    own_broker.start()
    assert log.scrub()
    assert [message.payload for message in log.read(NAME, 0, 0, 9)] == [b"one", b"three"]
    own_broker.stop()
    assert holding(own_broker) == []


def holding(broker: Broker) -> list[str]:
    files = (path for path in broker.folder.rglob("*") if path.is_file())
    return [path.name for path in files if MARKER in path.read_bytes()]

"""What a Redis server has against one message, told from what it has against all."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fixtures.broker import Broker
from redis import Redis

from worker.errors import EventLogUnavailable, MessageRefused
from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import RedisEventLog, stream_key

MEGABYTE = 1_048_576


@pytest.fixture
def server(own_broker: Broker) -> Iterator[Redis]:
    with Redis.from_url(own_broker.url) as client:
        yield client


@pytest.fixture
def log(own_broker: Broker, name: TopicName) -> Iterator[RedisEventLog]:
    opened = RedisEventLog(own_broker.url)
    opened.ensure_topic(name, 1)
    yield opened
    opened.close()


def publish(log: RedisEventLog, name: TopicName, payload: bytes = b"a payload") -> None:
    log.publish(name, key="k", message_id=uuid4(), payload=payload)


@pytest.mark.parametrize("size", [MEGABYTE + 1, 20 * MEGABYTE])
def test_a_message_that_is_too_large(server: Redis, log: RedisEventLog, name: TopicName, size: int) -> None:
    """Whether the server says so or only closes the connection: the message is refused, and the next one goes."""
    server.config_set("proto-max-bulk-len", MEGABYTE)
    with pytest.raises(MessageRefused):
        publish(log, name, bytes(size))
    publish(log, name)
    assert len(log.read(name, 0, 0, 9)) == 1


def test_a_key_that_holds_something_else(server: Redis, log: RedisEventLog, name: TopicName) -> None:
    """The message is refused in the server's own words, without its payload."""
    server.set(stream_key(name, 0), "no stream")
    with pytest.raises(MessageRefused, match=r"answers: WRONGTYPE[\w ]+$"):
        publish(log, name)


def test_a_topic_that_this_user_may_not_write(
    own_broker: Broker, server: Redis, log: RedisEventLog, name: TopicName
) -> None:
    """Another one may be allowed."""
    server.acl_setuser("limited", enabled=True, passwords="+pw", keys=["groove:log:topics"], categories=["+@all"])
    limited = RedisEventLog(own_broker.url.replace("redis://", "redis://limited:pw@"))
    with pytest.raises(MessageRefused, match="No permissions to access a key"):
        publish(limited, name)
    limited.close()


def test_a_server_that_takes_no_message_at_all(
    own_broker: Broker, server: Redis, log: RedisEventLog, name: TopicName
) -> None:
    """Out of memory, without its replicas, a replica itself, or away: nothing is wrong with the message."""
    full = {"maxmemory": 1}, {"maxmemory": 0}
    too_few = {"min-replicas-to-write": 1}, {"min-replicas-to-write": 0}
    for trouble, cure in (full, too_few):
        server.config_set(*next(iter(trouble.items())))
        assert isinstance(failure(log, name), EventLogUnavailable)
        assert not isinstance(failure(log, name), MessageRefused)
        server.config_set(*next(iter(cure.items())))
    server.replicaof("127.0.0.1", "1")
    assert not isinstance(failure(log, name), MessageRefused)
    server.replicaof("NO", "ONE")
    publish(log, name)
    own_broker.stop()
    assert not isinstance(failure(log, name), MessageRefused)


def failure(log: RedisEventLog, name: TopicName) -> EventLogUnavailable:
    with pytest.raises(EventLogUnavailable) as failed:
        publish(log, name)
    return failed.value

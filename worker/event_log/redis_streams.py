"""The event log on Redis or Valkey (7 or newer): one stream per topic and partition.

    groove:log:topics                      hash: stream/topic -> partitions
    groove:log:<stream>/<topic>:<number>   stream: entry 0-<offset + 1>, fields `id` (16 bytes), `at` (microseconds), `payload`

How safe a published message is, the server's `appendfsync` decides: with `everysec` a hard stop of the server may take the last second.
Offsets then start again lower, which a reader sees by the id of the message before its position.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, cast
from uuid import UUID, uuid4

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,  # noqa: A004
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from worker.errors import EventLogRefused, EventLogUnavailable, MessageRefused
from worker.event_log.partitioning import partition_of
from worker.event_log.protocol import LogMessage, PartitionEnds, TopicName, missing
from worker.event_log.redis_scrubbing import REWRITE, scrub_files
from worker.settings.addresses import RedisAddress
from worker.system.clock import now_micros

log = structlog.get_logger(__name__)

TOPICS = "groove:log:topics"
#: one pipeline carries at most this many messages and, but for a single larger one, bytes
PIPELINE_MESSAGES = 500
PIPELINE_BYTES = 8_000_000
#: beginnings of answers to any write at all, whatever the message
STANDSTILLS = ("MISCONF", "NOREPLICAS", "BUSY", "UNKILLABLE", "CLUSTERDOWN", "MASTERDOWN", "unknown command")
#: what redis-py puts before the answer to one command of several
IN_PIPELINE = " of pipeline caused error: "
#: ids of the oldest and the newest entry ever, without their payloads; nothing when there is no stream
ENDS = """
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local ends = {}
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then ends[1] = info[i + 1] end
  if info[i] == 'first-entry' and info[i + 1] then ends[2] = info[i + 1][1] end
end
return ends
"""


class RedisEventLog:
    """Safe for threads and forks (redis-py's pool is)."""

    def __init__(self, url: str, *, deadline: float = 10.0, clock: Callable[[], int] = now_micros) -> None:
        """`deadline`: seconds that one round trip may take."""
        address = RedisAddress.parse(url)
        tcp_only = {} if address.path else {"socket_connect_timeout": min(deadline, 3.0), "socket_keepalive": True}
        self._redis = Redis.from_url(
            address.for_redis(),
            socket_timeout=deadline,
            **tcp_only,
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),  # a kept connection may have been closed
        )
        self._clock = clock
        self._ends = self._redis.register_script(ENDS)
        self._rewrite = self._redis.register_script(REWRITE)
        self._partitions: dict[TopicName, int] = {}
        self._looked_at_options = False

    def ensure_topic(self, name: TopicName, partitions: int) -> int:
        with translated():
            self._redis.hsetnx(TOPICS, str(name), str(partitions))
        self._warn_of_weak_options()
        return self.partitions(name)

    def partitions(self, name: TopicName) -> int:
        with translated():
            stored = self._redis.hget(TOPICS, str(name))
        found = int(cast("bytes", stored)) if stored else 0
        self._partitions[name] = found
        return found

    def read(self, name: TopicName, partition: int, offset: int, limit: int) -> list[LogMessage]:
        with translated(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hexists(TOPICS, str(name))
            pipe.xrange(stream_key(name, partition), min=entry_id(offset), count=limit)
            is_there, entries = pipe.execute()
        if not is_there:
            raise EventLogUnavailable(missing(name))
        return [message_of(entry, fields) for entry, fields in entries]

    def ends(self, name: TopicName, partition: int) -> PartitionEnds:
        with translated():
            found = cast("list[bytes]", self._ends(keys=[stream_key(name, partition)]))
        end = offset_of(found[0]) + 1 if found else 0
        return PartitionEnds(begin=offset_of(found[1]) if len(found) > 1 else end, end=end)

    def publish(self, name: TopicName, *, key: str, message_id: UUID, payload: bytes) -> None:
        self.publish_many(name, [(key, message_id, payload)])

    def publish_many(self, name: TopicName, messages: list[tuple[str, UUID, bytes]]) -> None:
        partitions = self._partitions.get(name) or self.partitions(name)
        if not partitions:
            raise MessageRefused(missing(name))
        for batch in batches(messages):
            try:
                self._append(name, partitions, batch)
            except EventLogUnavailable as error:
                if self._is_of_message(error.__cause__, batch):
                    raise MessageRefused(str(error)) from error
                raise

    def trim(self, name: TopicName, partition: int, offset: int) -> None:
        with translated():
            self._redis.xtrim(stream_key(name, partition), minid=entry_id(offset), approximate=True)

    def delete(self, name: TopicName, partition: int, offsets: list[int]) -> bool:
        key = stream_key(name, partition)
        with translated():
            self._rewrite(keys=[key, f"{key}:{uuid4()}"], args=[entry_id(offset) for offset in offsets])
        return True

    def scrub(self) -> bool:
        with translated():
            return scrub_files(self._redis)

    def close(self) -> None:
        self._redis.close()

    def _append(self, name: TopicName, partitions: int, batch: list[tuple[str, UUID, bytes]]) -> None:
        with translated(), self._redis.pipeline(transaction=False) as pipe:
            for key, message_id, payload in batch:
                fields = {"id": message_id.bytes, "at": self._clock(), "payload": payload}
                pipe.xadd(stream_key(name, partition_of(key, partitions)), cast("Any", fields), id="0-*")
            pipe.execute()

    def _is_of_message(self, error: BaseException | None, batch: list[tuple[str, UUID, bytes]]) -> bool:
        """Check the length: a server closes the connection over a longer one, mostly without a word."""
        if isinstance(error, ResponseError):
            return not isinstance(error, OutOfMemoryError | ReadOnlyError) and not said(error).startswith(STANDSTILLS)
        return isinstance(error, ConnectionError) and len(batch) == 1 and self._answers()

    def _answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def _warn_of_weak_options(self) -> None:
        """Once a process; a server that does not let us ask is left alone."""
        if self._looked_at_options:
            return
        self._looked_at_options = True
        try:
            options = cast("dict[str, str]", self._redis.config_get("appendonly", "maxmemory-policy"))
        except RedisError:
            return
        if options.get("appendonly") == "no" or options.get("maxmemory-policy", "").startswith("allkeys-"):
            log.warning("topic_options_weak", todo="set appendonly yes and maxmemory-policy noeviction", **options)


def stream_key(name: TopicName, partition: int) -> str:
    return f"groove:log:{name}:{partition}"


def entry_id(offset: int) -> str:
    """Redis counts from 0-1, offsets from 0."""
    return f"0-{max(offset, 0) + 1}"


def offset_of(entry: bytes) -> int:
    return int(entry.partition(b"-")[2]) - 1


def message_of(entry: bytes, fields: dict[bytes, bytes]) -> LogMessage:
    return LogMessage(
        offset=offset_of(entry),
        message_id=UUID(bytes=fields[b"id"]),
        payload=fields[b"payload"],
        timestamp=int(fields[b"at"]),
    )


def batches(messages: list[tuple[str, UUID, bytes]]) -> Iterator[list[tuple[str, UUID, bytes]]]:
    """In order, each small enough for one round trip."""
    rest = iter(messages)
    while batch := list(islice(rest, PIPELINE_MESSAGES)):
        part: list[tuple[str, UUID, bytes]] = []
        size = 0
        for message in batch:
            if part and size + len(message[2]) > PIPELINE_BYTES:
                yield part
                part, size = [], 0
            part.append(message)
            size += len(message[2])
        yield part


def said(error: RedisError) -> str:
    """The server's own words, without the command and its payload."""
    return str(error).rpartition(IN_PIPELINE)[2]


@contextmanager
def translated() -> Iterator[None]:
    """redis-py's errors as ours."""
    try:
        yield
    except (AuthenticationError, NoPermissionError) as error:
        raise EventLogRefused(f"event log: the Redis server refuses us: {said(error)}") from error
    except ResponseError as error:
        kind = EventLogRefused if said(error).startswith(("WRONGTYPE", "Invalid stream ID")) else EventLogUnavailable
        raise kind(f"event log: the Redis server (7 or newer is needed) answers: {said(error)}") from error
    except RedisError as error:
        raise EventLogUnavailable(f"event log: the Redis server cannot be reached: {said(error)}") from error

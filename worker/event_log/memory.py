"""The event log inside one process: the twin of the real ones, for tests and experiments."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from worker.errors import EventLogUnavailable, MessageRefused
from worker.event_log.partitioning import partition_of
from worker.event_log.protocol import LogMessage, PartitionEnds, TopicName, missing
from worker.system.clock import now_micros


@dataclass(kw_only=True, slots=True)
class _Partition:
    messages: list[LogMessage] = field(default_factory=list)
    end: int = 0

    def index(self, offset: int) -> int:
        return bisect_left(self.messages, offset, key=lambda message: message.offset)

    def append(self, message_id: UUID, payload: bytes, timestamp: int) -> None:
        self.messages.append(LogMessage(offset=self.end, message_id=message_id, payload=payload, timestamp=timestamp))
        self.end += 1


class MemoryEventLog:
    """Safe for threads; gone with the process."""

    def __init__(self, *, clock: Callable[[], int] = now_micros) -> None:
        self._clock = clock
        self._lock = Lock()
        self._topics: dict[TopicName, list[_Partition]] = {}

    def ensure_topic(self, name: TopicName, partitions: int) -> int:
        with self._lock:
            return len(self._topics.setdefault(name, [_Partition() for _ in range(partitions)]))

    def partitions(self, name: TopicName) -> int:
        with self._lock:
            return len(self._topics.get(name, ()))

    def read(self, name: TopicName, partition: int, offset: int, limit: int) -> list[LogMessage]:
        with self._lock:
            found = self._partition(name, partition)
            start = found.index(offset)
            return found.messages[start : start + limit]

    def ends(self, name: TopicName, partition: int) -> PartitionEnds:
        with self._lock:
            found = self._partition(name, partition)
            return PartitionEnds(begin=found.messages[0].offset if found.messages else found.end, end=found.end)

    def publish(self, name: TopicName, *, key: str, message_id: UUID, payload: bytes) -> None:
        self.publish_many(name, [(key, message_id, payload)])

    def publish_many(self, name: TopicName, messages: list[tuple[str, UUID, bytes]]) -> None:
        with self._lock:
            topic = self._topics.get(name)
            if topic is None:
                raise MessageRefused(missing(name))
            for key, message_id, payload in messages:
                topic[partition_of(key, len(topic))].append(message_id, payload, self._clock())

    def trim(self, name: TopicName, partition: int, offset: int) -> None:
        with self._lock:
            found = self._partition(name, partition)
            del found.messages[: found.index(offset)]

    def delete(self, name: TopicName, partition: int, offsets: list[int]) -> bool:
        with self._lock:
            found = self._partition(name, partition)
            found.messages[:] = [message for message in found.messages if message.offset not in offsets]
        return True

    def scrub(self) -> bool:
        return True

    def close(self) -> None:
        """What was published can still be read: other parts of the process may hold the same log."""

    def lose_tail(self, name: TopicName, partition: int, messages: int) -> None:
        """What a hard stop does to a log's newest, unsaved messages: gone, and their offsets are given out again."""
        with self._lock:
            found = self._partition(name, partition)
            del found.messages[len(found.messages) - messages :]
            found.end -= messages

    def _topic(self, name: TopicName) -> list[_Partition]:
        if name not in self._topics:
            raise EventLogUnavailable(missing(name))
        return self._topics[name]

    def _partition(self, name: TopicName, partition: int) -> _Partition:
        topic = self._topic(name)
        if partition >= len(topic):
            raise EventLogUnavailable(f"topic {name} has {len(topic)} partitions, there is no number {partition}")
        return topic[partition]

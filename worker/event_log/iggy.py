"""The event log on Apache Iggy 0.9, through its own SDK: no consumer groups, no iterator, no offsets kept on the server.

Reading and publishing have a connection each, since a connection carries one request at a time.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar
from uuid import UUID

import structlog
from apache_iggy import (
    Consumer,
    Durability,
    IggyClient,
    Partitioning,
    PollingStrategy,
    ReceiveMessage,
    SendMessage,
    TopicDetails,
)

from worker.errors import EventLogRefused, EventLogUnavailable, MessageRefused
from worker.event_log.iggy_address import IggyAddress
from worker.event_log.iggy_connection import IggyConnection, LoopThread, collect
from worker.event_log.iggy_errors import NEEDED, already_exists, translated, unsent
from worker.event_log.iggy_partitioning import partition_of, routing_key
from worker.event_log.protocol import LogMessage, PartitionEnds, TopicName, missing

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: what Iggy's own tools show us as
READER = "groove"
#: one request carries at most this many messages and, but for a single larger one, bytes; the server takes 64 MiB
REQUEST_MESSAGES = 500
REQUEST_BYTES = 8_000_000


class IggyEventLog:
    """Connects at the first call; safe for threads, which wait for each other."""

    def __init__(self, address: IggyAddress, *, deadline: float = 8.0) -> None:
        """`deadline`: seconds that one call may take, connecting included."""
        self._address = address
        self._loop = LoopThread()
        self._reading = IggyConnection(address, self._loop, deadline=deadline)
        self._publishing = IggyConnection(address, self._loop, deadline=deadline)
        self._partitions: dict[TopicName, int] = {}
        self._warned: set[TopicName] = set()

    def ensure_topic(self, name: TopicName, partitions: int) -> int:
        details = self._details(name) or self._created(name, partitions)
        self._warn_of_weak_options(name, details)
        return details.partitions_count

    def partitions(self, name: TopicName) -> int:
        details = self._details(name)
        return details.partitions_count if details else 0

    def read(self, name: TopicName, partition: int, offset: int, limit: int) -> list[LogMessage]:
        strategy = PollingStrategy.Offset(max(offset, 0))
        return [message_of(each) for each in self._poll(name, partition, strategy, limit)]

    def ends(self, name: TopicName, partition: int) -> PartitionEnds:
        details = self._details(name)
        found = [each for each in details.partitions if each.id == partition] if details else []
        if not found:
            raise EventLogUnavailable(f"event log: Iggy at {self._address} has no partition {partition} of {name}")
        is_empty = not found[0].messages_count
        end = 0 if is_empty and not found[0].current_offset else found[0].current_offset + 1
        oldest = [] if is_empty else self._poll(name, partition, PollingStrategy.First(), 1)
        return PartitionEnds(begin=oldest[0].offset() if oldest else end, end=end)

    def publish(self, name: TopicName, *, key: str, message_id: UUID, payload: bytes) -> None:
        self._send(name, Partitioning.messages_key(routing_key(key)), [(message_id, payload)])

    def publish_many(self, name: TopicName, messages: list[tuple[str, UUID, bytes]]) -> None:
        if not messages:
            return
        partitions = self._partitions.get(name) or self.partitions(name)
        if not partitions:
            raise MessageRefused(missing(name))
        by_partition: dict[int, list[tuple[UUID, bytes]]] = defaultdict(list)
        for key, message_id, payload in messages:
            by_partition[partition_of(routing_key(key), partitions)].append((message_id, payload))
        for partition, part in by_partition.items():
            for batch in batches(part):
                self._send(name, Partitioning.partition_id(partition), batch)

    def trim(self, name: TopicName, partition: int, offset: int) -> None:
        """Retention is the topic's own (expiry, size), whoever has read what."""

    def delete(self, name: TopicName, partition: int, offsets: list[int]) -> bool:
        """Messages go with their segment, by the topic's retention, and by nothing else."""
        return False

    def scrub(self) -> bool:
        return False

    def close(self) -> None:
        self._reading.forget()
        self._publishing.forget()
        self._loop.stop()
        collect()

    def _details(self, name: TopicName) -> TopicDetails | None:
        details = self._read(f"look at topic {name}", lambda client: client.get_topic(name.stream, name.topic))
        if details:
            self._partitions[name] = details.partitions_count
        return details

    def _poll(self, name: TopicName, partition: int, strategy: PollingStrategy, limit: int) -> list[ReceiveMessage]:
        return self._read(
            f"read from {name}",
            lambda client: client.poll_messages(
                name.stream,
                name.topic,
                consumer=Consumer.Single(READER),
                partition_id=partition,
                polling_strategy=strategy,
                count=limit,
                auto_commit=False,
            ),
        )

    def _read(self, doing: str, operation: Callable[[IggyClient], Awaitable[T]]) -> T:
        try:
            return self._reading.call(doing, operation)
        except RuntimeError as error:
            raise translated(error, self._address, doing) from error

    def _send(self, name: TopicName, partitioning: Partitioning, messages: list[tuple[UUID, bytes]]) -> None:
        doing = f"publish to {name}"

        def operation(client: IggyClient) -> Awaitable[object]:
            batch = [SendMessage(payload, id=message_id.int) for message_id, payload in messages]
            return client.send_messages(name.stream, name.topic, partitioning, batch)

        try:
            self._publishing.call(doing, operation)
        except (RuntimeError, ValueError) as error:
            raise unsent(error, self._address, doing) from error

    def _created(self, name: TopicName, partitions: int) -> TopicDetails:
        self._create(f"create stream {name.stream}", lambda client: client.create_stream(name.stream))
        self._create(
            f"create topic {name}",
            lambda client: client.create_topic(
                name.stream,
                name.topic,
                partitions,
                durability=Durability.PERSISTED,
                consumer_offset_durability=Durability.PERSISTED,
                messages_required_to_save=1,
            ),
        )
        if not (details := self._details(name)):
            raise EventLogUnavailable(f"event log: Iggy at {self._address} took topic {name} but does not show it")
        log.info("topic_created", topic=str(name), partitions=partitions)
        return details

    def _create(self, doing: str, operation: Callable[[IggyClient], Awaitable[None]]) -> None:
        """Another replica may be doing the same, or an earlier try may have done it."""
        try:
            self._reading.call(doing, operation)
        except RuntimeError as error:
            if already_exists(error):
                return
            if str(error).startswith("Unsupported option"):
                raise EventLogRefused(
                    f"event log: Iggy at {self._address}{self._version()} does not know the options that make a topic safe: {NEEDED}"
                ) from error
            raise translated(error, self._address, doing) from error

    def _version(self) -> str:
        """For an error message; nothing where we may not ask."""
        try:
            stats = self._reading.call("ask for the version", lambda client: client.get_stats())
        except (RuntimeError, EventLogUnavailable):
            return ""
        return f" is of version {stats.iggy_server_version} and"

    def _warn_of_weak_options(self, name: TopicName, details: TopicDetails) -> None:
        if name in self._warned or is_safe(details):
            return
        self._warned.add(name)
        log.warning(
            "topic_options_weak",
            topic=str(name),
            loses="a hard stop of the server loses messages that it had acknowledged",
            todo="delete the topic when it is read up, and let the bridge create it anew"
            " (durability=persisted, messages_required_to_save=1)",
        )


def is_safe(details: TopicDetails) -> bool:
    """Whether an acknowledged message survives a hard stop of the server: written through, and at once."""
    blocks = (block.to_scalar_dict() for block in (details.derived_options, details.options) if block)
    options = {str(key): value for block in blocks for key, value in (block or {}).items()}
    is_written_through = (
        str(options.get("durability", "")).lower() == "persisted" or options.get("enforce_fsync") is True
    )
    return is_written_through and str(options.get("messages_required_to_save")) == "1"


def message_of(message: ReceiveMessage) -> LogMessage:
    return LogMessage(
        offset=message.offset(),
        message_id=UUID(int=message.id()),
        payload=bytes(message.payload()),
        timestamp=message.timestamp(),
    )


def batches(messages: list[tuple[UUID, bytes]]) -> Iterator[list[tuple[UUID, bytes]]]:
    """In order, each small enough for one request."""
    batch: list[tuple[UUID, bytes]] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == REQUEST_MESSAGES or size + len(message[1]) > REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message[1])
    if batch:
        yield batch

"""The seam to the event log: topics split into partitions, read from a position that the reader keeps.

The log keeps no state for its readers: positions and leases live in the ledger. Every adapter passes one and the same test suite.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class TopicName:
    stream: str
    topic: str

    @classmethod
    def parse(cls, text: str) -> "TopicName":
        """Parse what the settings write, `stream/topic`; they have checked that both are there."""
        stream, _, topic = text.partition("/")
        return cls(stream=stream, topic=topic)

    def __str__(self) -> str:
        return f"{self.stream}/{self.topic}"


def missing(name: TopicName) -> str:
    """What an error says of a topic that is not there."""
    return f"topic {name} is not there: the bridge creates it when it starts"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogMessage:
    #: its place in the partition; the next message has a higher one, not always by 1 (retention, deletions)
    offset: int
    #: as the producer set it; equal ids are copies of one message
    message_id: UUID
    payload: bytes
    #: when the log took it, microseconds
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionEnds:
    #: offset of the oldest message still kept; equal to `end` when empty
    begin: int
    #: offset that the next message will get
    end: int


class EventLog(Protocol):
    """Raises `EventLogUnavailable` when the log cannot be reached within the adapter's deadline, `EventLogRefused` when it says no."""

    def ensure_topic(self, name: TopicName, partitions: int) -> int:
        """Create what is missing, so that an acknowledged message survives a hard stop of the log -> partitions it has.

        An existing topic is left as it is; options weaker than ours are logged once (`topic_options_weak`) with what to do.
        """
        ...

    def partitions(self, name: TopicName) -> int:
        """How many partitions the topic has; 0 when it is not there."""
        ...

    def read(self, name: TopicName, partition: int, offset: int, limit: int) -> list[LogMessage]:
        """At most `limit` messages at or after `offset`, in order; empty at the end. An offset that is gone yields what follows it."""
        ...

    def ends(self, name: TopicName, partition: int) -> PartitionEnds: ...

    def publish(self, name: TopicName, *, key: str, message_id: UUID, payload: bytes) -> None:
        """Append to the partition of `key`; returns when the log has it safely.

        A lost answer may leave a second copy with the same id, never none. Raises `EventLogUnavailable` when it is not known to be there,
        `MessageRefused` when the log answers and would take others.
        """
        ...

    def publish_many(self, name: TopicName, messages: list[tuple[str, UUID, bytes]]) -> None:
        """Publish many (key, message id, payload) in few round trips; after an error any part of them may be there."""
        ...

    def trim(self, name: TopicName, partition: int, offset: int) -> None:
        """Messages below `offset` may be thrown away; adapters whose log has its own retention do nothing."""
        ...

    def delete(self, name: TopicName, partition: int, offsets: list[int]) -> bool:
        """Remove these messages -> whether that is done; False where a log cannot do this to single ones.

        The others keep their offsets, and the end stays where it is: readers notice nothing.
        """
        ...

    def scrub(self) -> bool:
        """What was deleted goes from the log's files too -> whether that is done."""
        ...

    def close(self) -> None: ...

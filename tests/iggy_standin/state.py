"""Streams, topics, partitions and messages, and how they look on the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from iggy_standin.wire import (
    ERROR_PARTITION,
    FRAME_HEADER,
    HEADER,
    Cursor,
    Refused,
    name8,
    now_us,
    u8,
    u32,
    u64,
)

NO_LIMIT = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Messages that were sent in one request."""

    base: int
    appended: int
    origin: int


@dataclass(frozen=True, kw_only=True)
class Stored:
    offset: int
    batch: Batch
    #: header of 48 bytes, payload, user headers, as sent
    frame: bytes

    @property
    def message_id(self) -> int:
        return int.from_bytes(self.frame[8:24], "little")

    @property
    def payload(self) -> bytes:
        size = int.from_bytes(self.frame[36:40], "little")
        return self.frame[FRAME_HEADER : FRAME_HEADER + size]


@dataclass(kw_only=True)
class Partition:
    id: int
    created: int = field(default_factory=now_us)
    log: list[Stored] = field(default_factory=list)
    next_offset: int = 0

    @property
    def current(self) -> int:
        return max(self.next_offset - 1, 0)

    @property
    def size(self) -> int:
        return sum(len(message.frame) for message in self.log)

    def lose_tail(self, messages: int) -> int:
        """-> how many there were to lose; the offsets are given out again."""
        cut = min(len(self.log), messages)
        if cut:
            del self.log[-cut:]
            self.next_offset = self.log[-1].offset + 1 if self.log else 0
        return cut

    def drop_head(self, below: int) -> None:
        """What retention does."""
        self.log = [message for message in self.log if message.offset >= below]

    def records(self, first: int, count: int) -> tuple[int, bytes]:
        """Messages from an offset on, framed in the batches that they came in -> how many, and the bytes."""
        head = self.log[0].offset if self.log else self.next_offset
        index = max(0, first - head)
        chosen = self.log[index : index + count]
        runs = [list(run) for _, run in groupby(chosen, key=lambda message: message.batch.base)]
        return len(chosen), b"".join(self._record(run) for run in runs)

    def _record(self, run: list[Stored]) -> bytes:
        batch = run[0].batch
        frames = b"".join(each.frame[:24] + u32(each.offset - batch.base) + each.frame[28:] for each in run)
        length = HEADER + len(frames)
        head = b"".join(map(u64, (self.id, batch.base, batch.appended, batch.origin, length, 0))) + u32(len(run))
        return head.ljust(HEADER, b"\0") + frames

    def encoded(self) -> bytes:
        return u32(self.id) + u64(self.created) + u32(1) + u64(self.current) + u64(self.size) + u64(len(self.log))


@dataclass(kw_only=True)
class Topic:
    id: int
    name: str
    options: bytes
    partitions: list[Partition]
    created: int = field(default_factory=now_us)

    def option_keys(self) -> set[str]:
        cursor, found = Cursor(self.options), set()
        while cursor.at < len(cursor.data):
            cursor.u8()
            found.add(cursor.take(cursor.u32()).decode())
            cursor.u8()
            cursor.take(cursor.u32())
        return found

    def partition(self, number: int | None) -> Partition:
        if number is None or number >= len(self.partitions):
            raise Refused(ERROR_PARTITION)
        return self.partitions[number]

    def lose_tail(self, most: int, choose: Callable[[int], int] | None = None) -> int:
        """Up to `most` of the newest messages of every partition are gone; `choose(most)` says how many."""
        return sum(part.lose_tail(choose(most) if choose else most) for part in self.partitions)

    def encoded(self) -> bytes:
        head = u32(self.id) + u64(self.created) + u32(len(self.partitions)) + u64(NO_LIMIT) + u8(1) + u64(NO_LIMIT)
        sizes = u64(sum(part.size for part in self.partitions)) + u64(sum(len(part.log) for part in self.partitions))
        return head + sizes + name8(self.name) + u32(len(self.options)) + self.options + u32(0)

    def encoded_in_full(self) -> bytes:
        return self.encoded() + b"".join(part.encoded() for part in self.partitions)


@dataclass(kw_only=True)
class Stream:
    id: int
    name: str
    options: bytes = b""
    created: int = field(default_factory=now_us)
    topics: dict[int, Topic] = field(default_factory=dict)

    def encoded(self) -> bytes:
        parts = [part for topic in self.topics.values() for part in topic.partitions]
        sizes = u64(sum(part.size for part in parts)) + u64(sum(len(part.log) for part in parts))
        head = u32(self.id) + u64(self.created) + u32(len(self.topics)) + sizes
        return head + name8(self.name) + u32(len(self.options)) + self.options

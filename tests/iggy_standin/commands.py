"""What each command does to the state, and its answer."""

import struct
from collections.abc import Callable
from typing import TypeVar

from iggy_standin import wire
from iggy_standin.state import Batch, Partition, Stored, Stream, Topic
from iggy_standin.wire import Cursor, Refused, name8, now_us, text32, u32, u64

Handler = Callable[[Cursor], bytes]
Named = TypeVar("Named", Stream, Topic)

OFFSET, TIMESTAMP, FIRST, LAST = 1, 2, 3, 4


def found(items: dict[int, Named], identifier: int | str, error: int) -> Named:
    for item in items.values():
        if identifier in (item.id, item.name):
            return item
    raise Refused(error)


def nothing(_: Cursor) -> bytes:
    return b""


class Commands:
    """Everything but the session."""

    def __init__(self, *, version: str) -> None:
        self.version = version
        self.streams: dict[int, Stream] = {}
        #: option keys that `create_topic` refuses, as a server does that is older than they
        self.unknown_options: set[str] = set()
        self.node = ("127.0.0.1", 0)
        self.handlers: dict[int, Handler] = {
            wire.PING: nothing,
            wire.CLUSTER: self._cluster,
            wire.STATS: self._stats,
            wire.DESCRIBE: lambda _: u32(0),
            wire.GET_STREAM: self._get_stream,
            wire.CREATE_STREAM: self._create_stream,
            wire.DELETE_STREAM: self._delete_stream,
            wire.GET_TOPIC: self._get_topic,
            wire.CREATE_TOPIC: self._create_topic,
            wire.DELETE_TOPIC: self._delete_topic,
            wire.PURGE_TOPIC: self._purge_topic,
            wire.SEND: self._send,
            wire.POLL: self._poll,
        }

    def topics(self) -> list[Topic]:
        return [topic for stream in self.streams.values() for topic in stream.topics.values()]

    def stream(self, identifier: int | str) -> Stream:
        return found(self.streams, identifier, wire.ERROR_STREAM)

    def topic(self, stream: int | str, topic: int | str) -> Topic:
        return found(self.stream(stream).topics, topic, wire.ERROR_TOPIC)

    def _named_topic(self, cursor: Cursor) -> Topic:
        stream = cursor.identifier()
        return self.topic(stream, cursor.identifier())

    # ------------------------------------------------------------ system

    def _cluster(self, _: Cursor) -> bytes:
        host, port = self.node
        return (
            text32("standin") + u32(1) + text32("node-0") + text32(host) + struct.pack("<HHHHBB", port, 0, 0, 0, 0, 0)
        )

    def _stats(self, _: Cursor) -> bytes:
        head = struct.pack("<Iff8Q4IQ2I", 1, 0.0, 0.0, 0, 0, 0, 0, now_us(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        names = b"".join(text32(text) for text in ("standin", "test", "0", "0", self.version))
        return head + names + u32(0) + u32(0) + u32(1) + u64(0) + u64(0)

    # ------------------------------------------------- streams and topics

    def _get_stream(self, cursor: Cursor) -> bytes:
        try:
            stream = self.stream(cursor.identifier())
        except Refused:
            return b""  # the SDK reads it as None
        return stream.encoded() + b"".join(topic.encoded() for topic in stream.topics.values())

    def _create_stream(self, cursor: Cursor) -> bytes:
        name, options = cursor.name(), cursor.rest()
        if any(stream.name == name for stream in self.streams.values()):
            raise Refused(wire.ERROR_STREAM_EXISTS)
        stream = Stream(id=max(self.streams, default=-1) + 1, name=name, options=options)
        self.streams[stream.id] = stream
        return stream.encoded()

    def _delete_stream(self, cursor: Cursor) -> bytes:
        del self.streams[self.stream(cursor.identifier()).id]
        return b""

    def _get_topic(self, cursor: Cursor) -> bytes:
        try:
            return self._named_topic(cursor).encoded_in_full()
        except Refused:
            return b""

    def _create_topic(self, cursor: Cursor) -> bytes:
        stream, count = self.stream(cursor.identifier()), cursor.u32()
        name, options = cursor.name(), cursor.rest()
        partitions = [Partition(id=number) for number in range(count)]
        topic = Topic(id=max(stream.topics, default=-1) + 1, name=name, options=options, partitions=partitions)
        if self.unknown_options & topic.option_keys():
            raise Refused(wire.ERROR_OPTION)
        if any(other.name == name for other in stream.topics.values()):
            raise Refused(wire.ERROR_TOPIC_EXISTS)
        stream.topics[topic.id] = topic
        return topic.encoded_in_full()

    def _delete_topic(self, cursor: Cursor) -> bytes:
        stream = self.stream(cursor.identifier())
        del stream.topics[found(stream.topics, cursor.identifier(), wire.ERROR_TOPIC).id]
        return b""

    def _purge_topic(self, cursor: Cursor) -> bytes:
        for part in self._named_topic(cursor).partitions:
            part.log.clear()
            part.next_offset = 0
        return b""

    # ------------------------------------------------------- messages

    def _send(self, cursor: Cursor) -> bytes:
        cursor.u32()
        stream_name = cursor.identifier()
        stream, topic = self.stream(stream_name), self.topic(stream_name, cursor.identifier())
        kind, raw = cursor.u8(), cursor.take(cursor.u8())
        if kind != 2:  # the SDK always resolves to a partition's number
            raise Refused(wire.ERROR_INVALID)
        part = topic.partition(int.from_bytes(raw, "little"))
        count, head = cursor.u32(), cursor.take(wire.HEADER)
        origin, length = struct.unpack_from("<QQ", head, 24)
        if length != wire.HEADER + len(cursor.data) - cursor.at:
            raise Refused(wire.ERROR_INVALID)
        batch = Batch(base=part.next_offset, appended=now_us(), origin=origin)
        for _ in range(count):
            self._append(part, batch, cursor)
        return u32(1) + u32(stream.id) + u32(topic.id) + u32(part.id) + u64(batch.base)

    @staticmethod
    def _append(part: Partition, batch: Batch, cursor: Cursor) -> None:
        start = cursor.at
        headers, payload = struct.unpack_from("<II", cursor.take(wire.FRAME_HEADER), 32)
        cursor.take(payload + headers)
        part.log.append(Stored(offset=part.next_offset, batch=batch, frame=cursor.data[start : cursor.at]))
        part.next_offset += 1

    def _poll(self, cursor: Cursor) -> bytes:
        cursor.u8(), cursor.identifier()
        topic = self._named_topic(cursor)
        part = topic.partition(cursor.partition() or 0)
        how, value, count, _ = cursor.u8(), cursor.u64(), cursor.u32(), cursor.u8()
        number, records = part.records(first_offset(part, how, value, count), count)
        return u32(part.id) + u64(part.current) + u32(number) + records

    # ------------------------------------------------------------ session

    def login_reply(self, session: int) -> bytes:
        return u32(0) + u64(session) + u32(wire.PROTOCOL) + name8(self.version)


def first_offset(part: Partition, how: int, value: int, count: int) -> int:
    """Where a poll begins."""
    if how == OFFSET:
        return value
    if how == TIMESTAMP:
        return next((message.offset for message in part.log if message.batch.appended >= value), part.next_offset)
    if how == FIRST:
        return 0
    if how == LAST:
        return max(0, part.next_offset - count)
    raise Refused(wire.ERROR_FEATURE)

"""The protocol: numbers, frames and primitives, as SDK 0.9.0 speaks them over TCP. Everything is little-endian."""

import struct
import time

#: header of requests, replies and batches
HEADER = 256
FRAME_HEADER = 48
REQUEST, REPLY, EVICTION = 5, 8, 13
PROTOCOL = (0 << 20) | (11 << 10) | 0

PING, STATS, CLUSTER, DESCRIBE, GET_ME = 1, 10, 12, 13, 20
LOGOUT, LOGIN = 39, 40
POLL, SEND = 100, 101
GET_STREAM, CREATE_STREAM, DELETE_STREAM = 200, 202, 203
GET_TOPIC, CREATE_TOPIC, DELETE_TOPIC, PURGE_TOPIC = 300, 302, 303, 305

#: operation in the request's header; of a read, the command's code stands in the header too
OPERATION_REGISTER, OPERATION_READ, OPERATION_LOGOUT, OPERATION_SEND = 1, 2, 3, 160
OPERATIONS = {
    OPERATION_REGISTER: LOGIN,
    OPERATION_LOGOUT: LOGOUT,
    128: CREATE_STREAM,
    130: DELETE_STREAM,
    132: CREATE_TOPIC,
    134: DELETE_TOPIC,
    135: PURGE_TOPIC,
    OPERATION_SEND: SEND,
}
#: replies to these begin with a result section
RESULT_FRAMED = {OPERATION_REGISTER, *range(128, 150)}

ERROR_INVALID, ERROR_FEATURE, ERROR_UNAUTHENTICATED, ERROR_UNAUTHORIZED, ERROR_CREDENTIALS = 3, 5, 40, 41, 42
ERROR_STREAM, ERROR_STREAM_EXISTS, ERROR_TOPIC, ERROR_TOPIC_EXISTS = 1009, 1012, 2010, 2013
ERROR_PARTITION, ERROR_OPTION, ERROR_TOO_BIG = 3007, 4041, 4022

EVICTED_CREDENTIALS, EVICTED_PROTOCOL = 9, 14


class Refused(Exception):
    """The server's no, with its number."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def now_us() -> int:
    return time.time_ns() // 1000


def u8(value: int) -> bytes:
    return struct.pack("<B", value)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def name8(text: str) -> bytes:
    raw = text.encode()
    return u8(len(raw)) + raw


def text32(text: str) -> bytes:
    raw = text.encode()
    return u32(len(raw)) + raw


class Cursor:
    """Reads a body from the front; a short one is refused as an invalid command."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        chunk = self.data[self.at : self.at + count]
        if len(chunk) != count:
            raise Refused(ERROR_INVALID)
        self.at += count
        return chunk

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def name(self) -> str:
        return self.take(self.u8()).decode()

    def identifier(self) -> int | str:
        kind, raw = self.u8(), self.take(self.u8())
        return int.from_bytes(raw, "little") if kind == 1 else raw.decode()

    def partition(self) -> int | None:
        flag, value = self.u8(), self.u32()
        return value if flag == 1 else None


def code_of(head: bytes) -> int:
    """Which command a request's header announces; 0 for one that is not listed here."""
    operation = head[176]
    return int.from_bytes(head[196:200], "little") if operation == OPERATION_READ else OPERATIONS.get(operation, 0)


def reply(request: bytes, *, operation: int, status: int, op: int, payload: bytes) -> bytes:
    """The answer to a request, whose checksum, client and number it repeats."""
    out = bytearray(HEADER)
    struct.pack_into("<I", out, 48, HEADER + len(payload))
    out[60] = REPLY
    out[128:144] = request[144:160]
    out[160:176] = request[128:144]
    struct.pack_into("<QQQ", out, 176, op, op, now_us())
    out[200:208] = request[168:176]
    out[208] = operation
    struct.pack_into("<I", out, 216, status)
    return bytes(out) + payload


def eviction(request: bytes, reason: int, *, accepts: int = PROTOCOL) -> bytes:
    """The end of a session, with the protocol version that the server accepts."""
    out = bytearray(HEADER)
    struct.pack_into("<I", out, 48, HEADER)
    out[60] = EVICTION
    out[128:144] = request[128:144]
    struct.pack_into("<II", out, 144, accepts, accepts)
    out[255] = reason
    return bytes(out)

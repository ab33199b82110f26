"""Connections, sessions and faults.

kill_connections()     cut every connection
stop(), start()        a restart of the server, state kept
lose_tail(most)        what a hard stop does to messages that were acknowledged but not saved
fail_next(code, error) the next command of this kind is refused
lose_reply(code)       the next command of this kind is applied, then the connection cut
stall(code, seconds)   the next command of this kind waits
is_silent              no login is ever answered, as by a server that speaks another protocol
accepts                the protocol version that logins must have; others are evicted
may_not_write          users that may only log in
"""

import asyncio
import struct
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from iggy_standin import wire
from iggy_standin.commands import Commands
from iggy_standin.state import Topic
from iggy_standin.wire import Cursor, Refused, u32

#: commands that a user who may only log in may call
HARMLESS = {wire.PING, wire.CLUSTER, wire.LOGIN, wire.LOGOUT}


@dataclass(eq=False)
class Connection:
    writer: asyncio.StreamWriter
    client: int = 0
    session: int = 0
    user: str = ""


class StandIn:
    def __init__(self, users: dict[str, str] | None = None, version: str = "0.9.0") -> None:
        self.users = users or {"iggy": "iggy"}
        self.commands = Commands(version=version)
        self.port = 0
        self.is_silent = False
        self.accepts = wire.PROTOCOL
        self.may_not_write: set[str] = set()
        self.connections: set[Connection] = set()
        #: codes of all commands, in order
        self.seen: list[int] = []
        self._op = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._fail: dict[int, list[int]] = defaultdict(list)
        self._lose: dict[int, int] = defaultdict(int)
        self._stall: dict[int, float] = {}

    # ------------------------------------------------- life cycle, faults

    async def start(self) -> int:
        """-> the port, the same after every restart."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.commands.node = ("127.0.0.1", self.port)
        return self.port

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            self.kill_connections()
            for task in self._tasks:
                task.cancel()  # one may be stalled
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._server = None

    def kill_connections(self) -> int:
        victims = list(self.connections)
        for connection in victims:
            connection.writer.transport.abort()
        return len(victims)

    def lose_tail(self, most: int, choose: Callable[[int], int] | None = None) -> int:
        """-> messages lost."""
        return sum(topic.lose_tail(most, choose) for topic in self.commands.topics())

    def fail_next(self, code: int, error: int, times: int = 1) -> None:
        self._fail[code] = [error] * times

    def lose_reply(self, code: int, times: int = 1) -> None:
        self._lose[code] = times

    def stall(self, code: int, seconds: float) -> None:
        self._stall[code] = seconds

    def topic(self, stream: str, topic: str) -> Topic:
        return self.commands.topic(stream, topic)

    # ------------------------------------------------------------ framing

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections.add(connection)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._converse(connection, reader, writer)
        finally:
            self.connections.discard(connection)
            writer.transport.abort()
            self._tasks.discard(task)

    async def _converse(
        self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            head = await reader.readexactly(wire.HEADER)
            size = int.from_bytes(head[48:52], "little")
            if head[60] != wire.REQUEST or size < wire.HEADER:
                return
            answer = await self._answer(connection, head, await reader.readexactly(size - wire.HEADER))
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()

    async def _answer(self, connection: Connection, head: bytes, body: bytes) -> bytes | None:
        """None: cut the connection instead."""
        operation, code = head[176], wire.code_of(head)
        self.seen.append(code)
        if code in self._stall:
            await asyncio.sleep(self._stall.pop(code))
        status, payload = 0, b""
        try:
            payload = await self._applied(connection, head, code, Cursor(body))
        except Refused as refusal:
            status = refusal.code
        if self._lose[code]:
            self._lose[code] -= 1
            return None
        if status == wire.ERROR_CREDENTIALS:
            return wire.eviction(head, wire.EVICTED_CREDENTIALS)
        if code == wire.LOGIN and self.accepts != wire.PROTOCOL:
            return wire.eviction(head, wire.EVICTED_PROTOCOL, accepts=self.accepts)
        return self._framed(head, operation, status, payload)

    async def _applied(self, connection: Connection, head: bytes, code: int, cursor: Cursor) -> bytes:
        if self._fail[code]:
            raise Refused(self._fail[code].pop(0))
        client, session = int.from_bytes(head[128:144], "little"), struct.unpack_from("<Q", head, 184)[0]
        if code == wire.LOGIN:
            connection.client = client
            return await self._login(connection, cursor)
        self._check_session(connection, code, client, session if head[176] != wire.OPERATION_READ else None)
        if code == wire.LOGOUT:
            connection.session = 0
            return b""
        if code not in self.commands.handlers:
            raise Refused(wire.ERROR_FEATURE)
        return self.commands.handlers[code](cursor)

    def _check_session(self, connection: Connection, code: int, client: int, session: int | None) -> None:
        is_ours = connection.session and client == connection.client and session in (None, connection.session)
        if code != wire.PING and not is_ours:
            raise Refused(wire.ERROR_UNAUTHENTICATED)
        if connection.user in self.may_not_write and code not in HARMLESS:
            raise Refused(wire.ERROR_UNAUTHORIZED)

    async def _login(self, connection: Connection, cursor: Cursor) -> bytes:
        if self.is_silent:
            await asyncio.Event().wait()
        cursor.u32(), cursor.name(), cursor.name()  # protocol, SDK, its version
        user, password = cursor.name(), cursor.name()
        if self.users.get(user) != password:
            raise Refused(wire.ERROR_CREDENTIALS)
        self._op += 1
        connection.session, connection.user = self._op, user
        return self.commands.login_reply(connection.session)

    def _framed(self, head: bytes, operation: int, status: int, payload: bytes) -> bytes:
        if operation != wire.OPERATION_READ:
            self._op += 1
        if operation in wire.RESULT_FRAMED and not status:
            payload = u32(0) + payload
        elif operation in wire.RESULT_FRAMED and operation not in (wire.OPERATION_REGISTER, 161):
            payload, status = u32(1) + u32(0) + u32(status), 0
        return wire.reply(head, operation=operation, status=status, op=self._op, payload=b"" if status else payload)

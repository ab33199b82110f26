"""Between clients and an Iggy server: the wire's faults for a real server, which cannot be asked for them.

cut()                     cut every connection
lose_reply(code, times)   the next commands of this kind reach the server, their replies nobody: the connection is cut instead
stall(code, seconds)      the reply to the next command of this kind comes so much later

It knows the framing and nothing else; sizes and codes are read from the headers, everything passes through as it is.
"""

import asyncio
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field

from iggy_standin import wire


@dataclass(eq=False)
class Passage:
    """One client's connection and the one that was opened for it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    #: codes of the commands that have not been answered yet
    asked: deque[int] = field(default_factory=deque)

    def cut(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


class Proxy:
    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener: asyncio.Server | None = None
        self._passages: set[Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lose: Counter[int] = Counter()
        self._stall: dict[int, float] = {}
        self.port = 0
        #: commands passed on, by code; and what was done to replies
        self.seen: Counter[int] = Counter()
        self.lost: Counter[int] = Counter()
        self.stalled: Counter[int] = Counter()

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._listener:
            self._listener.close()
            self.cut()
            for task in self._tasks:
                task.cancel()  # one may be stalled
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> int:
        """-> how many connections there were."""
        passages = list(self._passages)
        for passage in passages:
            passage.cut()
        return len(passages)

    def lose_reply(self, code: int, times: int = 1) -> None:
        self._lose[code] = times

    def stall(self, code: int, seconds: float) -> None:
        self._stall[code] = seconds

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._pass(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until either side has gone; then both are."""
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        passage = Passage(writer, to_server)
        self._passages.add(passage)
        ways = [
            asyncio.ensure_future(self._requests(reader, passage)),
            asyncio.ensure_future(self._replies(from_server, passage)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._passages.discard(passage)
            passage.cut()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self, reader: asyncio.StreamReader, passage: Passage) -> None:
        while True:
            head, body = await frame(reader)
            code = wire.code_of(head)
            self.seen[code] += 1
            passage.asked.append(code)
            await forward(passage.server, head + body)

    async def _replies(self, reader: asyncio.StreamReader, passage: Passage) -> None:
        while True:
            head, body = await frame(reader)
            code = passage.asked.popleft() if passage.asked else 0
            if code in self._stall:
                self.stalled[code] += 1
                await asyncio.sleep(self._stall.pop(code))
            if self._lose[code]:
                self._lose[code] -= 1
                self.lost[code] += 1
                return
            await forward(passage.client, head + body)


async def frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(wire.HEADER)
    return head, await reader.readexactly(int.from_bytes(head[48:52], "little") - wire.HEADER)


async def forward(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()

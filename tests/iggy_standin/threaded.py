"""The stand-in and the proxy on an event loop and a thread of their own, for tests and processes that call synchronously."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, TypeVar

from iggy_standin.proxy import Proxy
from iggy_standin.server import StandIn
from iggy_standin.state import Stored

T = TypeVar("T")


class OwnThread:
    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], T]) -> T:
        async def doing() -> T:
            return work()

        return self.wait(doing())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


class ThreadedStandIn:
    """`server` may be configured directly; what touches connections or messages goes through the methods here."""

    def __init__(self, users: dict[str, str] | None = None) -> None:
        self.server = StandIn(users)
        self._own = OwnThread("iggy-standin")

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"iggy://iggy:iggy@127.0.0.1:{self.port}"

    def start(self) -> None:
        self._own.wait(self.server.start())

    def stop(self) -> None:
        self._own.wait(self.server.stop())

    def kill_connections(self) -> int:
        return self._own.do(self.server.kill_connections)

    def lose_tail(self, most: int, choose: Callable[[int], int] | None = None) -> int:
        return self._own.do(lambda: self.server.lose_tail(most, choose))

    def messages(self, stream: str, topic: str) -> dict[int, list[Stored]]:
        """By partition, as they are at this moment."""
        return self._own.do(lambda: {part.id: list(part.log) for part in self.server.topic(stream, topic).partitions})

    def close(self) -> None:
        self.stop()
        self._own.end()


class ThreadedProxy:
    """`proxy` may be told what to lose and what to stall directly; cutting goes through the method here."""

    def __init__(self, server_port: int) -> None:
        self.proxy = Proxy(server_port)
        self._own = OwnThread("iggy-proxy")

    def start(self) -> None:
        self._own.wait(self.proxy.start())

    def cut(self) -> int:
        return self._own.do(self.proxy.cut)

    def close(self) -> None:
        self._own.wait(self.proxy.stop())
        self._own.end()

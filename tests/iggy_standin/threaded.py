"""The stand-in on an event loop and a thread of its own, for tests and processes that call synchronously."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, TypeVar

from iggy_standin.server import StandIn
from iggy_standin.state import Stored

T = TypeVar("T")


class ThreadedStandIn:
    """`server` may be configured directly; what touches connections or messages goes through the methods here."""

    def __init__(self, users: dict[str, str] | None = None) -> None:
        self.server = StandIn(users)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="iggy-standin", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"iggy://iggy:iggy@127.0.0.1:{self.port}"

    def start(self) -> None:
        self._wait(self.server.start())

    def stop(self) -> None:
        self._wait(self.server.stop())

    def kill_connections(self) -> int:
        return self._do(self.server.kill_connections)

    def lose_tail(self, most: int, choose: Callable[[int], int] | None = None) -> int:
        return self._do(lambda: self.server.lose_tail(most, choose))

    def messages(self, stream: str, topic: str) -> dict[int, list[Stored]]:
        """By partition, as they are at this moment."""
        return self._do(lambda: {part.id: list(part.log) for part in self.server.topic(stream, topic).partitions})

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _do(self, work: Callable[[], T]) -> T:
        async def doing() -> T:
            return work()

        return self._wait(doing())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

"""One connection to an Iggy server for synchronous callers: every call has a deadline, a broken client is replaced.

The SDK is asyncio; its futures are awaited on one thread of ours, started at the first call and so after any fork.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from datetime import timedelta
from threading import Lock, Thread
from typing import Any, TypeVar

import structlog
from apache_iggy import AutoLogin, IggyClient, TcpConfig, TcpReconnectionConfig

from worker.errors import EventLogRefused, EventLogUnavailable
from worker.event_log.iggy_address import IggyAddress
from worker.event_log.iggy_errors import cut_login, is_answer, is_cut, silent_login, translated

log = structlog.get_logger(__name__)
T = TypeVar("T")
#: share of the deadline that a login may take, so that there is time left to find out why it hangs
LOGIN_SHARE = 0.6


class LoopThread:
    """An event loop of its own, for one process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], within: float) -> T:
        """Raises `EventLogUnavailable` after `within` seconds, or when the loop is stopped meanwhile."""
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(timeout=within)
        except CancelledError as error:
            raise EventLogUnavailable("event log: closed") from error
        except TimeoutError as error:
            raise EventLogUnavailable(f"event log: still busy with other calls after {within:g} s") from error
        finally:
            future.cancel()

    def stop(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop and thread:
            asyncio.run_coroutine_threadsafe(cancel_everything(), loop).result(timeout=5)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=5)
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name="iggy", daemon=True)
                self._thread.start()
            return self._loop


async def cancel_everything() -> None:
    """What other callers wait for ends as closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class BrokenConnection(EventLogUnavailable):
    """Not an answer: the connection was lost, perhaps long ago."""


class IggyConnection:
    """One request at a time, as the protocol wants it; callers in other threads wait their turn within their own deadline."""

    def __init__(self, address: IggyAddress, loop: LoopThread, *, deadline: float) -> None:
        self._address = address
        self._loop = loop
        self._deadline = deadline
        self._turn: asyncio.Lock | None = None
        self._client: IggyClient | None = None
        self._has_logged_in = False

    def call(self, doing: str, operation: Callable[[IggyClient], Awaitable[T]]) -> T:
        """`operation` on a client that is logged in; once more on a new one when a kept connection turns out to be broken.

        Raises `EventLogUnavailable` or `EventLogRefused`, which say what we were `doing`; a plain no of the server (`is_answer`) comes
        through as the SDK's `RuntimeError`.
        """
        return self._loop.run(self._call(doing, operation), within=self._deadline * 2 + 5)

    def forget(self) -> None:
        """Let go of the client: the SDK has no close, its socket goes with the object."""
        self._client = None

    async def _call(self, doing: str, operation: Callable[[IggyClient], Awaitable[T]]) -> T:
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            until = asyncio.get_running_loop().time() + self._deadline
            if self._client:
                try:
                    return await self._attempt(doing, operation, until)
                except BrokenConnection as failure:
                    log.debug("event_log_reconnecting", server=str(self._address), reason=str(failure))
            return await self._attempt(doing, operation, until)

    async def _attempt(self, doing: str, operation: Callable[[IggyClient], Awaitable[T]], until: float) -> T:
        try:
            client = self._client or await self._logged_in(until)
            async with asyncio.timeout_at(until):
                return await operation(client)
        except TimeoutError:
            self.forget()
            raise EventLogUnavailable(
                f"event log: Iggy at {self._address}, to {doing}: no answer within {self._deadline:g} s"
            ) from None
        except RuntimeError as error:
            if not is_answer(error) or str(error).startswith("Unauthorized"):
                self.forget()
            if is_answer(error):
                raise
            failure = translated(error, self._address, doing)
            raise (failure if isinstance(failure, EventLogRefused) else BrokenConnection(str(failure))) from error

    async def _logged_in(self, until: float) -> IggyClient:
        client = new_client(self._address)
        latest = asyncio.get_running_loop().time() + self._deadline * LOGIN_SHARE
        try:
            async with asyncio.timeout_at(min(until, latest)):
                await client.connect()
        except TimeoutError:
            if self._has_logged_in:
                raise
            raise await asyncio.to_thread(silent_login, self._address) from None
        except RuntimeError as error:
            if self._has_logged_in or not is_cut(error):
                raise
            raise cut_login(self._address) from error
        self._has_logged_in = True
        self._client = client
        return client


def new_client(address: IggyAddress) -> IggyClient:
    """Never by a connection string: that cannot say every password. Without the SDK's reconnecting: its waits have no end."""
    return IggyClient(
        TcpConfig(
            server_address=str(address),
            auto_login=AutoLogin.username_password(address.user, address.password),
            reconnection=TcpReconnectionConfig(enabled=False),
            heartbeat_interval=timedelta(seconds=5),
            tls_enabled=address.tls,
            tls_domain=address.tls_domain,
            tls_ca_file=address.tls_ca_file,
            nodelay=True,
        )
    )


def collect() -> None:
    """The sockets of forgotten clients close when they are collected."""
    gc.collect()

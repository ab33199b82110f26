"""One connection at the door: deadlines for what strangers begin and do not end, and a bound on how many may lie open."""

import asyncio
import contextlib
import resource
from asyncio.events import TimerHandle
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from worker.store.server.problems import problem

#: seconds for a request's head to arrive, from its first byte or from the connection's beginning
HEAD_S = 10.0
#: bytes that a request's head may have
HEAD_BYTES = 64_000
#: seconds between two looks at a body, or at an answer that is not read; this much has to have moved between them
LOOK_S = 10.0
LOOK_BYTES = 10_000
#: file descriptors for all else: the database's files, other sockets
_RESERVE = 256
_MOST_DESCRIPTORS = 8192


class Waiting:
    """Connections that nobody works for: those in the middle of a request, and those at rest, each in order of age."""

    def __init__(self, most: int) -> None:
        self._most = most
        #: dicts, for their order
        self._half_open: dict[DeadlineProtocol, None] = {}
        self._idle: dict[DeadlineProtocol, None] = {}

    def add(self, protocol: "DeadlineProtocol", *, is_idle: bool, open_now: int) -> None:
        """When too many are open the oldest goes, of those in the middle of a request before those at rest, whose clients connect again."""
        self.drop(protocol)
        (self._idle if is_idle else self._half_open)[protocol] = None
        if open_now > self._most:
            oldest = next(iter(self._half_open or self._idle), protocol)
            self.drop(oldest)
            oldest.cut()

    def drop(self, protocol: "DeadlineProtocol") -> None:
        self._half_open.pop(protocol, None)
        self._idle.pop(protocol, None)


def raised_limit() -> int:
    """Raise the usual soft limit of open files as far as it is needed -> how many connections may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return max(64, (wanted if soft == resource.RLIM_INFINITY else soft) // 2 - _RESERVE)


def protocol_class(most_open: int) -> type["DeadlineProtocol"]:
    """For uvicorn, which makes one per connection; all of them share what is waiting."""
    return type("BoundProtocol", (DeadlineProtocol,), {"waiting": Waiting(most_open)})


class DeadlineProtocol(HttpToolsProtocol):
    waiting: Waiting

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_timer: TimerHandle | None = None
        self._body_timer: TimerHandle | None = None
        self._answer_timer: TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._received = 0

    def cut(self) -> None:
        """At once, without waiting for what was still to be sent."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()

    # -- as asyncio and the parser tell

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting.drop(self)
        for timer in (self._head_timer, self._body_timer, self._answer_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head and self._head_timer is None:  # the first bytes after a rest
            self._begin_head()
        self._received += len(data)
        was_in_head, self._head_bytes = self._in_head, self._head_bytes + len(data)
        super().data_received(data)
        if was_in_head and self._in_head and self._head_bytes > HEAD_BYTES:
            self.cut()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, a wrong length among it, is told as a problem document, as all else."""
        told = problem(400, "Refused", msg, {"Connection": "close"})
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in told.raw_headers)
        )
        self.transport.write(b"\r\n" + bytes(told.body))
        self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_head_timer()
        self._body_timer = self._after(LOOK_S, self._look_at_body, self._received)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        self.waiting.drop(self)
        super().on_message_complete()
        if self.cycle is not None and self.cycle.response_complete:  # it was answered before all of it was here
            self._rest()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and self._in_head and not self.transport.is_closing():
            self._rest()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_timer = self._after(LOOK_S, self._look_at_answer, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    # -- deadlines

    def _rest(self) -> None:
        self.waiting.add(self, is_idle=True, open_now=len(self.connections))

    def _begin_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self._after(HEAD_S, self.cut)
        self.waiting.add(self, is_idle=False, open_now=len(self.connections))

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _look_at_body(self, before: int) -> None:
        """While we do not read ourselves, the sender need not send."""
        if not self.flow.read_paused and self._received - before < LOOK_BYTES:
            self.cut()
        else:
            self._body_timer = self._after(LOOK_S, self._look_at_body, self._received)

    def _look_at_answer(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if before - left < LOOK_BYTES:
            self.cut()
        else:
            self._answer_timer = self._after(LOOK_S, self._look_at_answer, left)

    def _after(self, seconds: float, call: Callable[..., None], *arguments: int) -> TimerHandle:
        return self.loop.call_later(seconds, call, *arguments)

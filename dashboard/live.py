"""One event stream a browser: it says when something has changed, and pages that are open tell that there is news.

One look serves every stream, and nobody looks while nobody listens.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dashboard.sources import Sources
from worker.errors import GrooveError

#: a proxy must not think that nothing comes any more
_HEARTBEAT_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
#: streams at once; a browser has one
_MOST = 200
_log = structlog.get_logger(__name__)


class News:
    def __init__(self, sources: Sources, *, poll_seconds: float) -> None:
        self._sources, self._poll_seconds = sources, poll_seconds
        self._stamp = 0
        self._changed = asyncio.Condition()
        self._streams = 0
        self._watching: asyncio.Task[None] | None = None
        self._is_over = False

    async def stream(self, request: Request) -> Response:
        if self._is_over or self._streams >= _MOST:
            return Response("too many streams\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return StreamingResponse(self._told(), media_type="text/event-stream", headers=_HEADERS)

    async def end(self) -> None:
        """Every stream, at once: a server that stops waits for them."""
        self._is_over = True
        if self._watching:
            self._watching.cancel()
        async with self._changed:
            self._changed.notify_all()

    async def _told(self) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            if self._watching is None or self._watching.done():
                self._watching = asyncio.create_task(self._watch())
            yield b"retry: 3000\n\n"
            told = 0
            while not self._is_over:
                if self._stamp != told:
                    told = self._stamp
                    yield f"event: stamp\ndata: {told}\n\n".encode()
                elif not await self._news_within(_HEARTBEAT_SECONDS):
                    yield b": still here\n\n"
        finally:
            self._streams -= 1

    async def _news_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()
                return True
        return False

    async def _watch(self) -> None:
        while self._streams and not self._is_over:
            try:
                stamp = await run_in_threadpool(self._sources.stamp)
            except GrooveError as error:
                _log.warning("no_look_at_the_news", error=str(error))
                stamp = self._stamp
            if stamp != self._stamp:
                self._stamp = stamp
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(self._poll_seconds)

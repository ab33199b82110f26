"""How long a body may be depends on whose it is, since all of it is read before it is understood."""

import asyncio

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.store.server.problems import problem
from worker.store.server.tokens import Tokens, bearer

#: bytes of a body without a known token, with the read token, and with the write token
STRANGERS_BYTES = 64_000
READERS_BYTES = 1_000_000
WRITERS_BYTES = 16_000_000
#: with the write token; a session's end brings all its records: two thousand learnings with a thousand signals each fit
LONG_BYTES = {
    "/rpc/finish_session": 256_000_000,
    "/learnings/import": 64_000_000,
    "/attr/shadow": 64_000_000,
}
#: long bodies that are read at once; the next one waits
_LONG_AT_ONCE = 2


class BodyLimits:
    """ASGI middleware around every call. `most`: bytes that no body may exceed, whoever sends it."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, most: int) -> None:
        self._app, self._tokens, self._most = app, tokens, most
        self._long = asyncio.Semaphore(_LONG_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit, whose = self._limit(scope["path"], headers)
        limit = min(limit, self._most)
        limited = RequestBodyLimitMiddleware(self._app, max_body_size=limit)
        told = _told(scope, receive, send, f"the body has more than {limit:,} bytes, the most {whose}")
        if limit > READERS_BYTES and _may_be_long(headers):
            async with self._long:
                await limited(scope, receive, told)
        else:
            await limited(scope, receive, told)

    def _limit(self, path: str, headers: Headers) -> tuple[int, str]:
        """-> bytes, and whose limit that is, with what to do beyond it."""
        given = bearer(headers)
        if self._tokens.may_write(given):
            whose = "of one request" if self._tokens.is_open else "with the write token"
            return LONG_BYTES.get(path, WRITERS_BYTES), f"{whose}: send fewer at a time"
        if self._tokens.may_read(given):
            return READERS_BYTES, "with the read token: send fewer at a time"
        return STRANGERS_BYTES, "without a known token: send one with it, or fewer at a time"


def _told(scope: Scope, receive: Receive, send: Send, detail: str) -> Send:
    """A problem document in place of every 413, whose own text says nothing of the limit."""
    is_too_large = False

    async def tell(message: Message) -> None:
        nonlocal is_too_large
        if message["type"] == "http.response.start" and message["status"] == 413:
            is_too_large = True
            await problem(413, "Refused", detail)(scope, receive, send)
        elif not is_too_large:
            await send(message)

    return tell


def _may_be_long(headers: Headers) -> bool:
    length = headers.get("content-length")
    if length is None:
        return "transfer-encoding" in headers
    return not length.isdecimal() or int(length) > READERS_BYTES

"""Which requests are refused before anything looks at them: those for a foreign host name, writes from other sites' pages, and long bodies.

A page that somebody's browser shows can reach a server on loopback. Under a name of its own that it points at 127.0.0.1 it could read
answers (DNS rebinding); under any name it could send writes (cross-site request forgery). A body is read before it is understood: how
long it may be depends on whose it is.
"""

import asyncio
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from worker.store.server.problems import problem
from worker.store.server.tokens import Tokens, bearer
from worker.system.loopback import host_name, is_own_name

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: bytes of a body without a known token, and of one with it
STRANGERS_BYTES = 64_000
USUAL_BYTES = 1_000_000
#: of a body with the write token; a session's end brings all its records: two thousand learnings with a thousand signals each fit
LONG_BYTES = {
    "/rpc/finish_session": 256_000_000,
    "/rpc/open_session": 16_000_000,
    "/learnings/import": 64_000_000,
    "/attr/shadow": 64_000_000,
}
#: long bodies that are read at once; the next one waits
_LONG_AT_ONCE = 2


class Guard:
    """ASGI middleware around every call. `hosts`: names that requests may be for, beside `localhost` and addresses."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, hosts: Iterable[str] = (), max_body_bytes: int) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max_body_bytes = max_body_bytes
        self._long = asyncio.Semaphore(_LONG_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self.refusal(scope["method"], headers):
            await problem(403, "Refused", refusal)(scope, receive, send)
            return
        most = min(self.body_limit(scope["path"], headers), self._max_body_bytes)
        limited = RequestBodyLimitMiddleware(self._app, max_body_size=most)
        if most > USUAL_BYTES and _may_be_long(headers):
            async with self._long:
                await limited(scope, receive, send)
        else:
            await limited(scope, receive, send)

    def refusal(self, method: str, headers: Headers) -> str | None:
        """Why this request is refused; None: it may go on."""
        host = headers.get("host", "")
        if not self._knows(host):
            return f"the host name {host[:100]!r} is not this server's: add it to store.hosts if it is"
        if method not in _SAFE and _is_cross_site(headers, host):
            return "a page of another site may not write here"
        return None

    def body_limit(self, path: str, headers: Headers) -> int:
        """Bytes."""
        given = bearer(headers)
        if not self._tokens.may_read(given):
            return STRANGERS_BYTES
        return LONG_BYTES.get(path, USUAL_BYTES) if self._tokens.may_write(given) else USUAL_BYTES

    def _knows(self, host: str) -> bool:
        return host_name(host) in self._hosts or is_own_name(host)


def _may_be_long(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return not length.isdecimal() or int(length) > USUAL_BYTES


def _is_cross_site(headers: Headers, host: str) -> bool:
    """Browsers say where a request comes from; whatever says nothing is no browser."""
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()

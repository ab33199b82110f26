"""Which requests are refused before anything looks at them: those for a foreign host name, and writes from other sites' pages.

A page that somebody's browser shows can reach a server on loopback. Under a name of its own that it points at 127.0.0.1 it could read
answers (DNS rebinding); under any name it could send writes (cross-site request forgery).
"""

from collections.abc import Iterable
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.store.server.problems import problem
from worker.system.loopback import host_name, is_own_name

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: with every answer: a page of another site can load none as a script or a picture of its own
_OURS_ALONE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}


class Guard:
    """ASGI middleware around every call. `hosts`: names that requests may be for, beside `localhost` and addresses."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else None
        app = problem(403, "Refused", refusal) if refusal else self._app
        await app(scope, receive, partial(_answer, send))

    def refusal(self, method: str, headers: Headers) -> str | None:
        """Why this request is refused; None: it may go on."""
        host = headers.get("host", "")
        if not self._knows(host):
            return f"the host name {host[:100]!r} is not this server's: add it to store.hosts if it is"
        if method not in _SAFE and _is_cross_site(headers, host):
            return "a page of another site may not write here"
        return None

    def _knows(self, host: str) -> bool:
        return host_name(host) in self._hosts or is_own_name(host)


async def _answer(send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        MutableHeaders(scope=message).update(_OURS_ALONE)
    await send(message)


def _is_cross_site(headers: Headers, host: str) -> bool:
    """Browsers say where a request comes from; whatever says nothing is no browser."""
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()

"""The middleware around everything: which hosts and sites may ask, who is logged in, what every answer says to browsers.

Routes behind it see the path as it was sent, so that an id may hold a slash, and without the prefix.
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.doors.keys import Keys
from worker.store.server.guard import Guard

COOKIE, SAID = "groove_login", "groove_said"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: what anybody may ask for
_OPEN = ("/login", "/static/", "/robots.txt", "/health")


class Gate:
    """ASGI middleware. `hosts`: names under which the dashboard may be asked, beside `localhost` and addresses."""

    def __init__(self, app: ASGIApp, *, keys: Keys, prefix: str, hosts: Iterable[str]) -> None:
        self._app, self._keys, self._prefix = app, keys, prefix
        self._guard = Guard(app, hosts=hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["path"] = path = self._below_prefix(scope["raw_path"].decode("ascii", "replace"))
        scope["state"] = {**scope.get("state", {}), "visitor": self._visitor(headers)}
        answer = self._refusal(scope["method"], path, headers, scope) or self._app
        await answer(scope, receive, _with_headers(send))

    def _below_prefix(self, path: str) -> str:
        """A proxy may have stripped the prefix or kept it."""
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            return path.removeprefix(self._prefix) or "/"
        return path

    def _visitor(self, headers: Headers) -> object:
        cookie = cookie_of(headers, COOKIE)
        return self._keys.visitor_of(cookie) if cookie else None

    def _refusal(self, method: str, path: str, headers: Headers, scope: Scope) -> Response | None:
        if refused := self._guard.refusal(method, headers):
            return PlainTextResponse(f"{refused.replace('store.hosts', 'web.hosts')}\n", 403)
        if scope["state"]["visitor"] is not None or path.startswith(_OPEN):
            return None
        if method in {"GET", "HEAD"} and path != "/news":
            query = scope["query_string"].decode("ascii", "replace")
            back = quote(path + (f"?{query}" if query else ""), safe="")
            return RedirectResponse(f"{self._prefix}/login?next={back}", 303)
        return PlainTextResponse("log in first\n", 401)


def cookie_of(headers: Headers, name: str) -> str:
    """Empty where there is none. A cookie of somebody else that cannot be read hides none of ours."""
    for part in headers.get("cookie", "").split(";"):
        if part.strip().startswith(f"{name}="):
            try:
                return SimpleCookie(part.strip())[name].value
            except (CookieError, KeyError):
                return ""
    return ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending

"""`GET /metrics` of one process, in a thread of its own; beyond loopback only with the store's read token."""

import contextlib
import hmac
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.system.loopback import is_loopback

#: seconds for a request to arrive
_DEADLINE_SECONDS = 10


@contextlib.contextmanager
def serving_metrics(settings: Settings, registry: Callable[[], CollectorRegistry]) -> Iterator[None]:
    """Within the block, when `metrics.port` is set; `registry` is called for every answer.

    Raises `ConfigurationError` when the port cannot be had, or can be reached from elsewhere and there is no token.
    """
    host, port, token = settings.metrics.host, settings.metrics.port, settings.read_token() or ""
    if not port:
        yield
        return
    if not token and not is_loopback(host):
        raise ConfigurationError(
            f"metrics at {host}:{port} can be reached from elsewhere: set GROOVE_STORE_READ_TOKEN, which is asked for there"
        )
    try:
        server = _Server((host, port), token, registry)
    except OSError as error:
        raise ConfigurationError(f"metrics cannot be had at {host}:{port}: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], token: str, registry: Callable[[], CollectorRegistry]) -> None:
        self.token, self.registry = token, registry
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _DEADLINE_SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"only /metrics is here\n")
        elif not self._is_admitted():
            self._answer(401, b"a bearer token is needed\n")
        else:
            self._answer(200, generate_latest(self.server.registry()), content_type=CONTENT_TYPE_LATEST)

    def _is_admitted(self) -> bool:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        token = self.server.token
        return not token or (scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()))

    def _answer(self, status: int, body: bytes, *, content_type: str = "text/plain") -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """A scrape is no news."""

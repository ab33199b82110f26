"""`GET /metrics` of one process, in a thread of its own: with the read token of the store in use; on loopback also while that has none."""

import contextlib
import hmac
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.system.loopback import is_loopback, is_own_name

#: seconds for a request to arrive and be answered
_DEADLINE_SECONDS = 10
_MOST_AT_ONCE = 16
_log = structlog.get_logger(__name__)


@contextlib.contextmanager
def serving_metrics(settings: Settings, registry: Callable[[], CollectorRegistry]) -> Iterator[None]:
    """Within the block, when `metrics.port` is set; `registry` is called for every answer.

    Raises `ConfigurationError` when the port cannot be had, or can be reached from elsewhere and there is no token.
    """
    host, port = settings.metrics.host, settings.metrics.port
    if not port:
        yield
        return
    if not settings.read_token() and not is_loopback(host):
        raise ConfigurationError(
            f"metrics at {host}:{port} can be reached from elsewhere: set GROOVE_STORE_READ_TOKEN, which is asked for there"
        )
    try:
        server = _Server((host, port), lambda: settings.read_token() or "", registry)
    except OSError as error:
        raise ConfigurationError(f"metrics cannot be had at {host}:{port}: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """`token` is asked at each request: the store may have made its own since."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], token: Callable[[], str], registry: Callable[[], CollectorRegistry]
    ) -> None:
        self.token, self.registry = token, registry
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One more than may wait at once is sent away, so that slow strangers take no thread each."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = threading.Timer(_DEADLINE_SECONDS, _cut, args=(request,))
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is no news."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("metrics_failed")


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _DEADLINE_SECONDS

    def do_GET(self) -> None:
        if not self._is_for_us():
            self._answer(403, b"this host name is not known here\n")
        elif self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"only /metrics is here\n")
        elif not self._is_admitted():
            self._answer(401, b"a bearer token is needed\n")
        else:
            self._answer(200, generate_latest(self.server.registry()), content_type=CONTENT_TYPE_LATEST)

    def _is_for_us(self) -> bool:
        """Without a token only under a name that no page can point here."""
        return bool(self.server.token()) or is_own_name(self.headers.get("Host", ""))

    def _is_admitted(self) -> bool:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        token = self.server.token()
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

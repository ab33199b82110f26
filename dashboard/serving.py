"""The process: listens until it is told to stop, and ends at once then, also with streams open."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from dashboard.application import application
from dashboard.asked import Parts
from dashboard.batches import Batches
from dashboard.doors.attempts import Attempts
from dashboard.doors.keys import Keys
from dashboard.doors.secret import entrance, signing_key
from dashboard.live import News
from dashboard.look import Look
from dashboard.sources import Sources
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.api import StoreApi
from worker.store.server.connections import protocol_class, raised_limit
from worker.system.loopback import is_loopback

#: seconds that requests under way get when the server is told to stop
_GRACE_S = 1
_log = structlog.get_logger(__name__)


def serve(settings: Settings, store: StoreApi, *, default_name: str, ready: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called with the port once connections are accepted.

    Raises `ConfigurationError` for an address that is taken, or that others can reach while no token is set.
    """
    check_address(settings)
    sources = Sources(settings, store)
    parts = parts_of(settings, sources, default_name=default_name)
    try:
        with _listening(settings.web.host, settings.web.port) as listener:
            asyncio.run(_serve(parts, settings, listener, ready))
    finally:
        sources.close()


def parts_of(settings: Settings, sources: Sources, *, default_name: str) -> Parts:
    return Parts(
        sources=sources,
        keys=Keys(signing_key(settings), hours=settings.web.login_hours),
        look=Look(),
        attempts=Attempts(),
        batches=Batches(),
        prefix=settings.web.prefix,
        tokens=entrance(settings),
        default_name=default_name,
        secure=settings.web.secure,
    )


def check_address(settings: Settings) -> None:
    """Raises `ConfigurationError`."""
    if not is_loopback(settings.web.host) and not entrance(settings):
        raise ConfigurationError(
            f"a dashboard at {settings.web.host} can be reached from elsewhere: set GROOVE_WEB_TOKEN, which it is entered with"
        )


async def _serve(parts: Parts, settings: Settings, listener: socket.socket, ready: Callable[[int], None]) -> None:
    news = News(parts.sources, poll_seconds=settings.web.poll_seconds)
    server = _Server(
        uvicorn.Config(
            application(parts, news, settings),
            http=protocol_class(raised_limit()),
            backlog=128,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    server.news, server.when_ready = news, lambda: ready(listener.getsockname()[1])
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    await server.serve(sockets=[listener])
    _log.info("web.stopped")


class _Server(uvicorn.Server):
    news: News
    when_ready: Callable[[], None]
    _ending: asyncio.Task[None] | None = None

    def stop(self) -> None:
        self.should_exit = True
        self._ending = asyncio.get_running_loop().create_task(self.news.end())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are set already; uvicorn's would raise the signal again."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(
            f"the dashboard cannot listen at {host}:{port}: {error.strerror}; --port or GROOVE_WEB__PORT names another one"
        ) from error
    with listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener

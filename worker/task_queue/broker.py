"""A connection to the broker beside Celery's own, and what the errors of both mean."""

import contextlib
from collections.abc import Iterator

from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from worker.errors import BrokerUnavailable
from worker.settings import Settings
from worker.settings.addresses import RedisAddress

_DEADLINE_SECONDS = 5.0


def broker_client(settings: Settings, *, deadline_seconds: float = _DEADLINE_SECONDS) -> Redis:
    """A client with deadlines; it connects at the first command."""
    address = RedisAddress.parse(settings.broker_url)
    tcp_only = {} if address.path else {"socket_connect_timeout": min(3, deadline_seconds)}
    return Redis.from_url(address.for_redis(), socket_timeout=deadline_seconds, **tcp_only)


@contextlib.contextmanager
def broker_errors() -> Iterator[None]:
    """Errors of the broker's clients, Celery's and ours, are `BrokerUnavailable` outside of the block."""
    try:
        yield
    except (KombuError, RedisError, OSError) as error:
        raise BrokerUnavailable(f"the broker does not answer: {error}") from error

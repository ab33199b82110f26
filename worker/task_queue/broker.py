"""A connection to the broker beside Celery's own: for vectors, queue lengths and heartbeats."""

from redis import Redis

from worker.settings import Settings
from worker.settings.addresses import RedisAddress

_DEADLINE_SECONDS = 5.0


def broker_client(settings: Settings, *, deadline_seconds: float = _DEADLINE_SECONDS) -> Redis:
    """With deadlines; connects at the first command."""
    address = RedisAddress.parse(settings.broker_url)
    tcp_only = {} if address.path else {"socket_connect_timeout": min(3, deadline_seconds)}
    return Redis.from_url(address.for_redis(), socket_timeout=deadline_seconds, **tcp_only)

"""Which event log a URL means."""

from worker.errors import ConfigurationError
from worker.event_log.protocol import EventLog

SCHEMES = "redis://, rediss://, unix://, redis+socket://, iggy://, memory://"


def open_event_log(url: str, *, deadline: float = 8.0) -> EventLog:
    """The adapter for `url`; connects at the first call, so that each process of a fork opens its own.

    `deadline`: seconds after which one call gives up. A URL that means nothing raises `ConfigurationError`, without quoting its password.
    """
    match url.partition(":")[0]:
        case "redis" | "rediss" | "unix" | "redis+socket":
            from worker.event_log.redis_streams import RedisEventLog

            return RedisEventLog(url, deadline=deadline)
        case "iggy":
            from worker.event_log.iggy import IggyEventLog
            from worker.event_log.iggy_address import IggyAddress

            return IggyEventLog(IggyAddress.parse(url), deadline=deadline)
        case "memory":
            from worker.event_log.memory import MemoryEventLog

            return MemoryEventLog()
        case scheme:
            raise ConfigurationError(f"event log: {scheme}: is none of {SCHEMES}")

"""What lies in a queue and is no message of ours ends there, with a line: it costs neither the worker nor the messages behind it.

By itself Celery ends a worker over a message that it cannot unpack, and puts it back for the next one. Two places raise: where the
connection takes a message's envelope apart, and where the consumer makes a task's request of it.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from celery.worker import state
from celery.worker.consumer import Consumer
from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import DataError, ResponseError

from worker.formats.wire import is_deep

log = structlog.get_logger()

#: what taking an envelope apart can raise; a connection that fails raises others, which Celery knows how to bear
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError, DataError)
#: seconds until a broker that refused is asked again
_REFUSED_SECONDS = 2.0
#: seconds that a timer can still be set to: more digits than a float has, infinity and NaN end the process that sets one
_LONGEST_SECONDS = 10**9


def bear_strange_messages() -> None:
    """For this process; before its first connection to the broker, as kombu keeps the class that it has once looked up."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class Channel(redis.Channel):  # type: ignore[misc]  # kombu carries no types
    def _brpop_read(self, **options: Any) -> Any:
        """Drop strange messages of the queues."""
        return self._or_empty(super()._brpop_read, **options)

    def _receive_one(self, c: Any) -> Any:
        """Drop strange messages of the channels on which workers are spoken to."""
        return self._or_empty(super()._receive_one, c)

    def _or_empty(self, read: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return read(*args, **options)
        except _UNREADABLE as error:
            log.warning("message_dropped", reason="its envelope cannot be read", error=type(error).__name__)
            raise redis.Empty from error


class Transport(redis.Transport):  # type: ignore[misc]  # kombu carries no types
    Channel = Channel


class BearingConsumer(Consumer):  # type: ignore[misc]  # Celery carries no types
    """A broker that answers but takes no writes (its memory or disk is full, it became a replica) is waited for like one that is away."""

    _refused = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection_errors: tuple[type[Exception], ...] = (*self.conninfo.connection_errors, ResponseError)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        if not self._waits_out(exc):
            super().on_connection_error_before_connected(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        if not self._waits_out(exc):
            super().on_connection_error_after_connected(exc)

    def _waits_out(self, error: Exception) -> bool:
        """Told once for as long as it says the same."""
        if not isinstance(error, ResponseError):
            return False
        if str(error) != self._refused:
            log.warning("broker_refuses", reason=str(error)[:300])
            self._refused = str(error)
        time.sleep(_REFUSED_SECONDS)
        state.maybe_shutdown()  # Celery would look only after it has made good for processes that were stopped with this one
        return True

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*args, **kwargs)

        def handle_or_drop(message: Any) -> None:
            try:
                _check_time_limits(message)
                _check_depth(message)
                handle(message)
            except self.connection_errors:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it is this message's alone
                log.warning("message_dropped", reason="it is no task of ours", error=type(error).__name__)
                if not message.acknowledged:
                    message.reject_log_error(log, self.connection_errors)

        return handle_or_drop


def _check_time_limits(message: Any) -> None:
    """Celery compares them only later, where a failure ends the worker. Raises `ValueError`."""
    limits = (message.headers or {}).get("timelimit") or (None, None)
    if len(limits) != 2 or not all(limit is None or _is_duration(limit) for limit in limits):
        raise ValueError("a time limit is a number of seconds")


def _check_depth(message: Any) -> None:
    """Celery hands it to a child only when one is free, where what cannot be packed ends the worker. Raises `ValueError`."""
    if is_deep([message.payload, message.headers, message.properties]):
        raise ValueError("nested too deeply")


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= _LONGEST_SECONDS

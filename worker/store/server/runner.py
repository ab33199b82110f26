"""Runs short operations on the event loop and long ones in a thread; while one runs, short ones use threads too."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry, Gauge, Histogram

from worker.domain import LearningStatus, LearningValue
from worker.errors import GrooveError

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30)
_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Runner:
    def __init__(self) -> None:
        self._long = 0
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "groove_store_operation_seconds",
            "Time an operation took in the store server",
            ["operation"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

        self._learnings = Gauge("groove_learnings", "Learnings by status", ["status"], registry=self.registry)

    def count(self, values: Iterable[LearningValue]) -> None:
        """For the figures: how many of them are deprecated, disabled, on trial."""
        numbers = Counter(value.status for value in values)
        for status in LearningStatus:
            self._learnings.labels(str(status)).set(numbers[status])

    async def run(self, name: str, call: Callable[[], _Result], *, is_long: bool) -> _Result:
        """Raises what `call` raises; an error that is not ours or a `ValueError` is logged and becomes a `GrooveError`."""
        try:
            return await self._run(name, call, is_long=is_long)
        except (GrooveError, ValueError):
            raise
        except Exception as error:
            _log.exception("store.operation_failed", operation=name)
            raise GrooveError(f"{name} failed: {type(error).__name__}: {error}") from error

    async def _run(self, name: str, call: Callable[[], _Result], *, is_long: bool) -> _Result:
        with self._seconds.labels(name).time():
            if not is_long and not self._long:
                return call()
            self._long += is_long
            try:
                return await asyncio.get_running_loop().run_in_executor(None, call)
            finally:
                self._long -= is_long

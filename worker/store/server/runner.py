"""Where an operation runs: short ones on the event loop, which is quickest, long ones in a thread, and short ones too while one does."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram

from worker.domain import LearningStatus, LearningValue

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30)


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

    async def run(self, name: str, call: Callable[[], Any], *, is_long: bool) -> Any:
        with self._seconds.labels(name).time():
            if not is_long and not self._long:
                return call()
            self._long += is_long
            try:
                return await asyncio.get_running_loop().run_in_executor(None, call)
            finally:
                self._long -= is_long

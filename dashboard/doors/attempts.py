"""How often a login may fail: five times a minute, whoever tries."""

import threading
import time
from collections import deque
from collections.abc import Callable

MOST, SECONDS = 5, 60.0


class Attempts:
    """Safe for threads. One count for all: behind a proxy all visitors come from one address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_seconds(self) -> float:
        """0: another one may be made now."""
        with self._lock:
            self._forget()
            return max(0.0, self._failed[0] + SECONDS - self._clock()) if len(self._failed) >= MOST else 0.0

    def note_failure(self) -> None:
        with self._lock:
            self._forget()
            self._failed.append(self._clock())

    def _forget(self) -> None:
        while self._failed and self._failed[0] <= self._clock() - SECONDS:
            self._failed.popleft()

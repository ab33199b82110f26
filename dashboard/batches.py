"""Decisions made together, kept so that they can be taken back together; in memory, the newest hundred."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence

_KEPT = 100
#: a learning's id and the line of its log
Line = tuple[str, int]


class Batches:
    """Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Sequence[Line]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, lines: Sequence[Line]) -> str:
        """-> the name under which they can be taken back, once."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = lines
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return name

    def take(self, name: str) -> Sequence[Line] | None:
        with self._lock:
            return self._kept.pop(name, None)

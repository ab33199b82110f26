"""Wait for a condition, never for time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Look again and again until `condition` holds; `what` says in a failure what never became true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"after {seconds:g} seconds it is still not true that {what}"
        time.sleep(0.05)

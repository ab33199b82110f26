"""An adapter for one test, and what it is told when something is wrong: soon, and never with the password."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from worker.errors import EventLogRefused
from worker.event_log.iggy import IggyEventLog
from worker.event_log.iggy_address import IggyAddress

SHORT = 1.0


@contextmanager
def log_at(url: str, deadline: float = SHORT) -> Iterator[IggyEventLog]:
    log = IggyEventLog(IggyAddress.parse(url), deadline=deadline)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def refused(url: str, match: str) -> Iterator[IggyEventLog]:
    """What is done with the log is refused soon, in these words and without the password."""
    with log_at(url) as log, within(5):
        with pytest.raises(EventLogRefused, match=match) as failed:
            yield log
        assert log._address.password not in str(failed.value)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds

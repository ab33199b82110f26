"""Every event log there is, one after the other, as `any_log`."""

from collections.abc import Iterator

import pytest

from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog


@pytest.fixture(params=["memory", "redis"])
def any_log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue("broker_url")
    log = open_event_log(url)
    yield log
    log.close()

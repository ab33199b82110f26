"""Every event log there is, one after the other, as `any_log`."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, TopicName

LOGS = ["memory", "redis", "iggy_standin", pytest.param("iggy_server", marks=pytest.mark.iggy_server)]


@pytest.fixture
def name() -> TopicName:
    """A topic of a stream that no other test has: some logs live on between tests."""
    return TopicName(stream=f"groove.test.{uuid4()}", topic="heavy")


@pytest.fixture(params=LOGS)
def any_log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    if request.param == "iggy_server":
        yield request.getfixturevalue("real_iggy_log")
        return
    log = open_event_log(url_of(request))
    yield log
    log.close()


def url_of(request: pytest.FixtureRequest) -> str:
    match request.param:
        case "redis":
            return str(request.getfixturevalue("broker_url"))
        case "iggy_standin":
            return str(request.getfixturevalue("iggy_standin").url)
        case _:
            return "memory://"

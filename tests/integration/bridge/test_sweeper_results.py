"""Results that the embedded event log keeps: the newest, whoever has read them."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import pytest
import structlog

from bridge.maintenance.sweeper import Sweeper
from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import RedisEventLog
from worker.ledger import Ledger
from worker.settings import Settings, load_settings
from worker.task_queue.app import make_app
from worker.task_queue.queues import Queues

PUBLISHED, KEPT = 1000, 300


@pytest.fixture
def event_log(broker_url: str) -> Iterator[RedisEventLog]:
    with closing(RedisEventLog(broker_url)) as log:
        yield log


def results(settings: Settings, event_log: RedisEventLog) -> TopicName:
    """A thousand in one partition."""
    name = TopicName.parse(settings.streams.attributed)
    event_log.ensure_topic(name, 1)
    event_log.publish_many(name, [("session", UUID(int=number), b"x") for number in range(PUBLISHED)])
    return name


def look(settings: Settings, ledger: Ledger, event_log: RedisEventLog) -> None:
    app, queues = make_app(settings, publisher_only=True), Queues(settings)
    sweeper = Sweeper(settings=settings, ledger=ledger, event_log=event_log, queues=queues, app=app)
    with structlog.testing.capture_logs() as lines:
        sweeper.sweep()
    assert [line for line in lines if line["event"] == "sweep_failed"] == []


def test_the_newest_stay(broker_url: str, ledger: Ledger, event_log: RedisEventLog) -> None:
    """As many as the setting says, and the rest of their block; offsets go on as if nothing had happened."""
    settings = load_settings({"GROOVE_BROKER": broker_url, "GROOVE_STREAMS__KEEP_RESULTS": str(KEPT)})
    name = results(settings, event_log)
    look(settings, ledger, event_log)
    ends = event_log.ends(name, 0)
    assert ends.end == PUBLISHED
    assert KEPT <= ends.end - ends.begin < PUBLISHED / 2
    assert event_log.read(name, 0, ends.begin, PUBLISHED)[-1].message_id == UUID(int=PUBLISHED - 1)


def test_all_stay_where_nothing_is_thrown_away(broker_url: str, ledger: Ledger, event_log: RedisEventLog) -> None:
    """As with the messages that come in."""
    environ = {"GROOVE_BROKER": broker_url, "GROOVE_STREAMS__KEEP_RESULTS": "1", "GROOVE_STREAMS__TRIM": "false"}
    settings = load_settings(environ)
    name = results(settings, event_log)
    look(settings, ledger, event_log)
    assert event_log.ends(name, 0).begin == 0

"""What the sweeper does while one of the parts that it needs is away: all that needs the others."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from fixtures.broker import free_port
from fixtures.ledger import at, received

from bridge.maintenance.sweeper import Sweeper
from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import EventLog, TopicName
from worker.event_log.redis_streams import RedisEventLog
from worker.ledger import Ledger, OutboxMessage, open_ledger
from worker.settings import load_settings
from worker.task_queue.app import make_app
from worker.task_queue.messages import EMBEDDING
from worker.task_queue.queues import Queues

OUT = TopicName(stream="out", topic="sessions")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """With a session that ended long ago, its message unsent."""
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ref = received(opened, "ended", 1)
    at(opened, 1).work.expect("ended", ref.version, [], signals_seen=0)
    message = OutboxMessage(message_id=UUID(int=1), stream=OUT.stream, topic=OUT.topic, key="ended", payload=b"x")
    assert at(opened, 1).work.finish("ended", ref.version, message=message)
    # what confirms the clock that retention goes by
    received(opened, "lately", opened.now())
    yield opened
    opened.dispose()


def look(ledger: Ledger, event_log: EventLog, broker_url: str) -> list[str]:
    """One -> what of it failed."""
    settings = load_settings({"GROOVE_BROKER": broker_url})
    app, queues = make_app(settings, publisher_only=True), Queues(settings)
    sweeper = Sweeper(settings=settings, ledger=ledger, event_log=event_log, queues=queues, app=app)
    with structlog.testing.capture_logs() as lines:
        sweeper.sweep()
    return [line["what"] for line in lines if line["event"] == "sweep_failed"]


def test_an_event_log_that_is_away(broker_url: str, ledger: Ledger) -> None:
    """Nothing is published; what failed is sent again and what is over is pruned."""
    ref = received(ledger, "failed", 1)
    at(ledger, 1).work.fail_preparation("failed", ref.version, "no", max_tries=3, retry_seconds=0)
    with closing(RedisEventLog(f"redis://127.0.0.1:{free_port()}")) as away:
        assert look(ledger, away, broker_url) == ["outbox", "results"]
    assert Queues(load_settings({"GROOVE_BROKER": broker_url})).lengths()[EMBEDDING] == 1
    assert not ledger.history.session_detail("ended").payload_kept


def test_a_broker_that_is_away(ledger: Ledger) -> None:
    """Nothing is enqueued; what is unsent is published and what is over is pruned."""
    event_log = MemoryEventLog()
    event_log.ensure_topic(OUT, 1)
    assert look(ledger, event_log, f"redis://127.0.0.1:{free_port()}/0") == ["lost tasks", "retention"]
    assert len(event_log.read(OUT, 0, 0, 9)) == 1
    assert not ledger.history.session_detail("ended").payload_kept


def test_a_ledger_that_is_away(broker_url: str, ledger: Ledger, tmp_path: Path) -> None:
    """Nothing can be done without it, and nothing more is tried."""
    ledger.dispose()
    (tmp_path / "ledger.sqlite").rename(tmp_path / "kept")
    (tmp_path / "ledger.sqlite").mkdir()
    assert look(ledger, MemoryEventLog(), broker_url) == ["lost tasks"]

"""What the outbox sends when the event log takes all, some or none of it."""

from collections.abc import Callable
from contextlib import closing
from uuid import UUID

import pytest
import structlog
from fixtures.broker import free_port
from fixtures.ledger import at

from worker.errors import EventLogUnavailable
from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import TopicName
from worker.event_log.redis_streams import RedisEventLog
from worker.ledger import Ledger, OutboxMessage, SessionRef
from worker.publish_outbox import drain_outbox
from worker.system.clock import SECOND

THERE, MISSING = TopicName(stream="out", topic="there"), TopicName(stream="out", topic="missing")
MORE_THAN_A_PAGE = 120


@pytest.fixture
def put(ledger: Ledger, attributing: Callable[..., SessionRef]) -> Callable[..., None]:
    """Sessions that ended, each with its message."""

    def put(topic: TopicName, first: int, count: int) -> None:
        for number in range(first, first + count):
            ref = attributing(f"s{number}", [], now=number)
            message = OutboxMessage(
                message_id=UUID(int=number), stream=topic.stream, topic=topic.topic, key=ref.session_id, payload=b"x"
            )
            assert at(ledger, number).work.finish(ref.session_id, ref.version, message=message)

    return put


@pytest.fixture
def event_log() -> MemoryEventLog:
    log = MemoryEventLog()
    log.ensure_topic(THERE, 1)
    return log


def sent(event_log: MemoryEventLog, topic: TopicName) -> list[int]:
    return [message.message_id.int for message in event_log.read(topic, 0, 0, 1000)]


def test_what_is_refused_holds_nothing_up(ledger: Ledger, event_log: MemoryEventLog, put: Callable[..., None]) -> None:
    """More refused messages than are read at a time: those behind them go out, they stay unsent, and go when the log takes them."""
    put(MISSING, 1, MORE_THAN_A_PAGE)
    put(THERE, 1001, 2)
    with structlog.testing.capture_logs() as lines:
        assert drain_outbox(ledger, event_log) == 2
    assert sent(event_log, THERE) == [1001, 1002]
    assert ledger.counts.count().outbox_unsent == MORE_THAN_A_PAGE
    [line] = [line for line in lines if line["event"] == "messages_refused"]
    assert (line["topic"], line["messages"], "not there" in line["reason"]) == ("out/missing", MORE_THAN_A_PAGE, True)

    event_log.ensure_topic(MISSING, 1)
    assert drain_outbox(ledger, event_log) == MORE_THAN_A_PAGE
    assert drain_outbox(ledger, event_log) == 0
    assert sent(event_log, MISSING) == list(range(1, MORE_THAN_A_PAGE + 1))


def test_one_look_sends_all_that_is_old_enough(
    ledger: Ledger, event_log: MemoryEventLog, put: Callable[..., None]
) -> None:
    """However many, in order; a young one is left to whoever wrote it."""
    put(THERE, 1, MORE_THAN_A_PAGE + 1)
    assert drain_outbox(at(ledger, MORE_THAN_A_PAGE + 2), event_log, min_age_seconds=1 / SECOND) == MORE_THAN_A_PAGE
    assert sent(event_log, THERE) == list(range(1, MORE_THAN_A_PAGE + 1))


def test_a_session_sends_its_own_message(ledger: Ledger, event_log: MemoryEventLog, put: Callable[..., None]) -> None:
    """And leaves those of others, refused or not."""
    put(MISSING, 1, 1)
    put(THERE, 2, 2)
    assert drain_outbox(ledger, event_log, session_id="s3") == 1
    assert sent(event_log, THERE) == [3]
    assert drain_outbox(ledger, event_log, session_id="s1") == 0


class SilentOn(MemoryEventLog):
    """Does not answer for some messages, by number, however often they come."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self._numbers, self.asked = numbers, list[int]()
        self.ensure_topic(THERE, 1)

    def publish(self, name: TopicName, *, key: str, message_id: UUID, payload: bytes) -> None:
        self.asked.append(message_id.int)
        if message_id.int in self._numbers:
            raise EventLogUnavailable("no answer")
        super().publish(name, key=key, message_id=message_id, payload=payload)


def test_a_message_without_an_answer_holds_nothing_up(ledger: Ledger, put: Callable[..., None]) -> None:
    """Those behind it go out and it stays; that there was one is said."""
    put(THERE, 1, 5)
    log = SilentOn(1, 4)
    with pytest.raises(EventLogUnavailable, match="no answer"):
        drain_outbox(ledger, log)
    assert sent(log, THERE) == [2, 3, 5]
    assert ledger.counts.count().outbox_unsent == 2


def test_two_in_a_row_without_an_answer_end_it(ledger: Ledger, put: Callable[..., None]) -> None:
    """Nobody waits for each of a thousand messages in turn."""
    put(THERE, 1, 5)
    log = SilentOn(2, 3, 4)
    with pytest.raises(EventLogUnavailable, match="no answer"):
        drain_outbox(ledger, log)
    assert log.asked == [1, 2, 3]
    assert ledger.counts.count().outbox_unsent == 4


def test_a_log_that_is_away_ends_it(ledger: Ledger, put: Callable[..., None]) -> None:
    """Nothing is refused, and all of it stays."""
    put(THERE, 1, 3)
    log = RedisEventLog(f"redis://127.0.0.1:{free_port()}")
    away = pytest.raises(EventLogUnavailable, match="cannot be reached")
    with closing(log), structlog.testing.capture_logs() as lines, away:
        drain_outbox(ledger, log)
    assert lines == []
    assert ledger.counts.count().outbox_unsent == 3

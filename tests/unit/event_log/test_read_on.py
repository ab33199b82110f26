"""Reading on from a position, in a log that may have lost its newest or its oldest messages meanwhile."""

from uuid import UUID

import pytest

from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import TopicName
from worker.event_log.read_on import read_on

NAME = TopicName(stream="s", topic="t")


@pytest.fixture
def log() -> MemoryEventLog:
    opened = MemoryEventLog()
    opened.ensure_topic(NAME, 1)
    publish(opened, 0, 1, 2, 3)
    return opened


def publish(log: MemoryEventLog, *numbers: int) -> None:
    for number in numbers:
        log.publish(NAME, key="k", message_id=UUID(int=number), payload=b"")


def read(log: MemoryEventLog, position: int, last: int | None, limit: int = 10) -> list[int] | None:
    """The numbers of the messages."""
    last_id = None if last is None else str(UUID(int=last))
    messages = read_on(log, NAME, 0, position=position, last_id=last_id, limit=limit)
    return None if messages is None else [message.message_id.int for message in messages]


@pytest.mark.parametrize(
    ("position", "last", "limit", "found"),
    [(0, None, 10, [0, 1, 2, 3]), (2, 1, 10, [2, 3]), (2, 1, 1, [2]), (4, 3, 10, []), (2, None, 10, [2, 3])],
)
def test_what_stands_behind_the_position(
    position: int, last: int | None, limit: int, found: list[int], log: MemoryEventLog
) -> None:
    """From the position on, `limit` messages at most; without an id nothing is compared."""
    assert read(log, position, last, limit) == found


@pytest.mark.parametrize("anew", [(), (12, 13, 14)], ids=["lost", "lost and written anew"])
def test_a_lost_tail_is_noticed(anew: tuple[int, ...], log: MemoryEventLog) -> None:
    """Whether the log ends before the position or other messages stand there by now."""
    log.lose_tail(NAME, 0, 2)
    publish(log, *anew)
    assert read(log, 4, 3) is None


def test_what_was_thrown_away_on_purpose_is_no_lost_tail(log: MemoryEventLog) -> None:
    """Retention may take the message before the position, and all of them."""
    log.trim(NAME, 0, 2)
    assert read(log, 2, 1) == [2, 3]
    log.trim(NAME, 0, 4)
    assert read(log, 4, 3) == []

"""An assessor: publishes every event until it is acknowledged; and what stands in a log."""

import random
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from typing import TypeVar

from bridge_runs.events import heavy_event, lightweight_events, message_id, session_id
from bridge_runs.logs import HEAVY, LIGHTWEIGHT
from worker.errors import EventLogUnavailable
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog, LogMessage, TopicName

T = TypeVar("T")
#: so many heavy events later
LATE = 30
Event = tuple[TopicName, bytes]


def events_of(count: int) -> list[Event]:
    """So many heavy events, and the lightweight ones of their sessions: the first before its session ends, the second after."""
    found: list[Event] = []
    for number in range(count + LATE):
        heard = lightweight_events(number)[:1] if number < count else []
        heard += lightweight_events(number - LATE)[1:] if number >= LATE else []
        found += [(LIGHTWEIGHT, payload) for payload in heard]
        found += [(HEAVY, heavy_event(number))] if number < count else []
    return found


def publish(url: str, events: Iterable[Event], pauses: Callable[[], float]) -> None:
    """`pauses` says how long to wait after each."""
    with closing(open_event_log(url, deadline=5)) as log:
        for topic, payload in events:
            send = partial(log.publish, topic, key=session_id(payload), message_id=message_id(payload), payload=payload)
            insist(send)
            time.sleep(pauses())


def by_chance(seed: int, mean: float) -> Callable[[], float]:
    chance = random.Random(seed)
    return lambda: chance.uniform(0, 2 * mean)


def messages_in(url: str, topic: TopicName, partitions: int) -> list[LogMessage]:
    """Partition by partition."""
    with closing(open_event_log(url, deadline=5)) as log:
        return [message for partition in range(partitions) for message in _all(log, topic, partition)]


def _all(log: EventLog, topic: TopicName, partition: int) -> list[LogMessage]:
    return insist(lambda: log.read(topic, partition, 0, 100_000))


def insist(call: Callable[[], T]) -> T:
    """Until it goes through: the log may be away just now."""
    while True:
        try:
            return call()
        except EventLogUnavailable:
            time.sleep(0.05)


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """-> whether it held in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True

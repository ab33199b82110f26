"""The bridge from the log to the ledger and the queue: real ledger, real broker, a log whose tail and head can be lost."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import structlog
from bridge_runs.events import event_id, heavy_event, message_id, session_id
from fixtures.broker import Broker
from fixtures.waiting import wait_until
from pydantic import SecretStr
from redis import Redis

from bridge.consumer import Consumer
from worker.errors import EventLogUnavailable
from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import LogMessage, TopicName
from worker.ledger import DeadLetterKind, Ledger, PartitionState, open_ledger
from worker.settings import Settings
from worker.settings.groups import BridgeSettings, StreamSettings
from worker.task_queue.app import make_app
from worker.task_queue.queues import Queues

HEAVY = TopicName(stream="groove.assessment", topic="heavy")
LIGHTWEIGHT = TopicName(stream="groove.assessment", topic="lightweight")
LIGHTWEIGHT_EVENT = json.dumps(
    {
        "context": {"session_id": "s", "event_id": str(uuid4()), "timestamp": "2026-01-20T20:14:07Z"},
        "message_idx": 3,
        "signals": [{"type": "correction"}],
    }
).encode()


class Bridge:
    """One consumer on a thread, with all that it works on."""

    def __init__(self, log: MemoryEventLog, ledger: Ledger, settings: Settings, name: str) -> None:
        self.log, self.ledger, self.settings = log, ledger, settings
        self.consumer = Consumer(
            settings=settings,
            ledger=ledger,
            event_log=log,
            queues=Queues(settings),
            app=make_app(settings, publisher_only=True),
            replica=name,
            alive=self._note_round,
        )
        self._rounds = 0
        self.consumer.ensure_topics()
        self._thread = Thread(target=self.consumer.run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.consumer.stopping.set()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def _note_round(self, _waits_for: str) -> None:
        self._rounds += 1

    def wait_for_rounds(self, number: int = 6) -> None:
        """So many that it has looked anew whether to pause."""
        until = self._rounds + number
        wait_until(lambda: self._rounds >= until, f"the bridge has gone round {number} times")

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            payload = heavy_event(number)
            self.log.publish(HEAVY, key=session_id(payload), message_id=message_id(payload), payload=payload)

    def received(self) -> int:
        return self.ledger.counts.count().events

    def state(self, topic: str = "heavy") -> PartitionState:
        """Of the topic's only partition, once the bridge has found it."""
        wait_until(lambda: bool(self.ledger.partitions.states()), "the partitions are found")
        [found] = [state for state in self.ledger.partitions.states() if state.topic == topic]
        return found


def settings_for(tmp_path: Path, broker_url: str, **bridge: float) -> Settings:
    return Settings(
        data_dir=tmp_path,
        broker=SecretStr(broker_url),
        streams=StreamSettings(partitions=1, trim=False),
        bridge=BridgeSettings.model_validate({"idle_seconds": 0.01} | bridge),
    )


@contextmanager
def running(tmp_path: Path, broker_url: str, log: MemoryEventLog | None = None, **limits: float) -> Iterator[Bridge]:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    bridge = Bridge(log or MemoryEventLog(), ledger, settings_for(tmp_path, broker_url, **limits), "one")
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()
        ledger.dispose()


def events(lines: list[Any]) -> list[str]:
    """The names of what was logged."""
    return [line["event"] for line in lines]


def queued(broker_url: str) -> list[str]:
    """Sessions that stand in the embedding queue, oldest first."""
    with Redis.from_url(broker_url) as client:
        messages = [json.loads(message) for message in client.lrange("embedding", 0, -1)]
    return [message["headers"]["argsrepr"] for message in reversed(messages)]


def test_events_reach_the_ledger_and_the_queue_once(tmp_path: Path, broker_url: str) -> None:
    """Copies in the log change nothing, and the position stands behind the last message."""
    with running(tmp_path, broker_url) as bridge:
        bridge.publish(0, 1, 0, 1, 3)
        wait_until(lambda: bridge.state().position == 5, "the position is 5")
    assert bridge.received() == 3
    assert queued(broker_url) == ["session session-0", "session session-1", "session session-3"]


def test_a_restart_goes_on_where_the_ledger_says(tmp_path: Path, broker_url: str) -> None:
    """A second bridge reads only what the first did not."""
    log = MemoryEventLog()
    with running(tmp_path, broker_url, log) as bridge:
        bridge.publish(0, 1)
        wait_until(lambda: bridge.received() == 2, "2 events are received")
    bridge.publish(3)
    with running(tmp_path, broker_url, log) as bridge:
        wait_until(lambda: bridge.received() == 3, "3 events are received")
    assert len(queued(broker_url)) == 3


def test_a_lost_tail_is_noticed_and_read_again(tmp_path: Path, broker_url: str) -> None:
    """Other messages at the same offsets are not skipped; the rewind is logged as an error and counted."""
    with structlog.testing.capture_logs() as lines, running(tmp_path, broker_url) as bridge:
        bridge.publish(*range(10))
        wait_until(lambda: bridge.state().position == 10, "the position is 10")
        bridge.log.lose_tail(HEAVY, 0, 5)
        bridge.publish(*range(20, 30))
        wait_until(lambda: bridge.received() == 20 and bridge.state().position == 15, "all is read again")
    assert (bridge.state().rewinds, bridge.state().gaps) == (1, 0)
    assert [line["log_level"] for line in lines if line["event"] == "log_rewound"] == ["error"]


def test_a_log_that_only_lost_is_noticed_too(tmp_path: Path, broker_url: str) -> None:
    """Without anything new behind the lost tail, the position still comes back to the log's end."""
    with running(tmp_path, broker_url) as bridge:
        bridge.publish(*range(6))
        wait_until(lambda: bridge.state().position == 6, "the position is 6")
        bridge.log.lose_tail(HEAVY, 0, 6)
        wait_until(lambda: bridge.state().rewinds == 1, "the rewind is counted")
        bridge.publish(30)
        wait_until(lambda: bridge.received() == 7, "7 events are received")


def test_a_gap_is_noticed(tmp_path: Path, broker_url: str) -> None:
    """Messages that retention took unread are an error with the two offsets, counted; reading goes on behind them."""
    log = MemoryEventLog()
    with running(tmp_path, broker_url, log) as bridge:
        bridge.publish(0)
        wait_until(lambda: bridge.state().position == 1, "the position is 1")
    bridge.publish(*range(10, 20))
    log.trim(HEAVY, 0, 5)
    with structlog.testing.capture_logs() as lines, running(tmp_path, broker_url, log) as bridge:
        wait_until(lambda: bridge.state().position == 11, "the position is 11")
    [line] = [line for line in lines if line["event"] == "log_gap"]
    assert (line["log_level"], line["expected"], line["found"], bridge.state().gaps) == ("error", 1, 5, 1)


def test_what_was_read_may_be_thrown_away(tmp_path: Path, broker_url: str) -> None:
    """A message before the position that is gone is neither a rewind nor a gap."""
    with running(tmp_path, broker_url) as bridge:
        bridge.publish(*range(10))
        wait_until(lambda: bridge.state().position == 10, "the position is 10")
        bridge.log.trim(HEAVY, 0, 10)
        bridge.publish(20)
        wait_until(lambda: bridge.state().position == 11, "the position is 11")
    assert (bridge.state().rewinds, bridge.state().gaps) == (0, 0)


def test_what_cannot_be_read_becomes_a_dead_letter(tmp_path: Path, broker_url: str) -> None:
    """It is kept with its bytes, place and reason, and the events around it go their way."""
    with running(tmp_path, broker_url) as bridge:
        bridge.publish(0)
        bridge.log.publish(HEAVY, key="k", message_id=uuid4(), payload=b"\xff not json")
        bridge.publish(1)
        wait_until(lambda: bridge.state().position == 3, "the position is 3")
        [letter] = bridge.ledger.dead_letters.find()
        assert (letter.kind, letter.offset, letter.stream, letter.topic, letter.partition) == (
            DeadLetterKind.HEAVY,
            1,
            HEAVY.stream,
            HEAVY.topic,
            0,
        )
        assert bridge.ledger.dead_letters.get(letter.id).payload == b"\xff not json"
        assert "UTF-8" in letter.reason
    assert bridge.received() == 2


def test_a_message_that_is_too_large(tmp_path: Path, broker_url: str) -> None:
    """One byte above `bridge.max_message_bytes` is a dead letter with its reason; at the limit it is read."""
    limit = 4000
    at_the_limit, above = heavy_event(0).ljust(limit), heavy_event(3).ljust(limit + 1)
    with running(tmp_path, broker_url, max_message_bytes=limit) as bridge:
        for payload in (at_the_limit, above):
            bridge.log.publish(HEAVY, key="k", message_id=uuid4(), payload=payload)
        wait_until(lambda: bridge.state().position == 2, "both are read")
        [letter] = bridge.ledger.dead_letters.find()
        assert (letter.offset, letter.size) == (1, len(above))
        assert "more than bridge.max_message_bytes" in letter.reason
    assert bridge.received() == 1


def test_a_partition_that_fails_rests_ever_longer(
    tmp_path: Path, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses double up to a limit, which is said once when it begins and once when it ends; the other partition goes on."""
    monkeypatch.setattr("bridge.consumer._REST_SECONDS", 0.05)
    monkeypatch.setattr("bridge.consumer._LONGEST_REST_SECONDS", 0.3)
    asked: list[float] = []

    class Failing(MemoryEventLog):
        is_well = False

        def read(self, name: TopicName, partition: int, offset: int, limit: int) -> list[LogMessage]:
            if name == HEAVY and not self.is_well:
                asked.append(time.monotonic())
                raise EventLogUnavailable("this partition's leader is gone")
            return super().read(name, partition, offset, limit)

    log = Failing()
    with structlog.testing.capture_logs() as lines, running(tmp_path, broker_url, log) as bridge:
        bridge.publish(0)
        bridge.log.publish(LIGHTWEIGHT, key="s", message_id=uuid4(), payload=LIGHTWEIGHT_EVENT)
        wait_until(lambda: len(asked) > 6, "the partition was tried seven times")
        assert bridge.state("lightweight").position == 1
        log.is_well = True
        wait_until(lambda: bridge.received() == 1, "the partition goes on")
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    wanted = [0.05, 0.1, 0.2, 0.3, 0.3, 0.3]
    assert all(pause >= least for pause, least in zip(pauses, wanted, strict=False)), pauses
    told = [(line["event"], line["partition"]) for line in lines if "partition" in line]
    assert told == [
        ("partition_rests", "groove.assessment/heavy/0"),
        ("partition_goes_on", "groove.assessment/heavy/0"),
    ]


def test_a_long_queue_pauses_reading(tmp_path: Path, broker_url: str) -> None:
    """Above the limit nothing is read, which is said once; when the queue is short again, reading goes on."""
    with structlog.testing.capture_logs() as lines, running(tmp_path, broker_url, max_queue_length=2) as bridge:
        bridge.publish(*range(0, 9, 3))
        wait_until(lambda: "reading_paused" in events(lines), "reading pauses")
        read = bridge.received()
        bridge.publish(*range(9, 90, 3))
        bridge.wait_for_rounds()
        assert bridge.received() == read
        with Redis.from_url(broker_url) as client:
            wait_until(lambda: client.delete("embedding") is not None and bridge.received() == 30, "all is read")
    assert "max_queue_length" in next(line["reason"] for line in lines if line["event"] == "reading_paused")
    told = [line["event"] for line in lines if line["event"] in ("reading_paused", "reading_resumed")]
    assert told == ["reading_paused", "reading_resumed"] * (len(told) // 2) + ["reading_paused"] * (len(told) % 2)


def test_a_backlog_pauses_reading(tmp_path: Path, broker_url: str) -> None:
    """More unfinished sessions than `max_backlog`: the rest stays in the log."""
    with structlog.testing.capture_logs() as lines, running(tmp_path, broker_url, max_backlog=2, batch=3) as bridge:
        bridge.publish(0, 3, 6)
        wait_until(lambda: "reading_paused" in events(lines), "reading pauses")
        bridge.publish(*range(9, 90, 3))
        bridge.wait_for_rounds()
        assert bridge.received() == 3
    assert "max_backlog" in next(line["reason"] for line in lines if line["event"] == "reading_paused")


def test_a_broker_that_is_away(tmp_path: Path, own_broker: Broker) -> None:
    """What was recorded when it went is enqueued when it is back, without waiting for the sweeper."""
    with structlog.testing.capture_logs() as lines, running(tmp_path, own_broker.url) as bridge:
        bridge.publish(0)
        wait_until(lambda: bridge.received() == 1 and len(queued(own_broker.url)) == 1, "one is enqueued")
        own_broker.stop()
        bridge.publish(3, 6)
        wait_until(lambda: "bridge_waits" in events(lines), "the bridge waits for its broker")
        own_broker.start()
        wait_until(lambda: len(queued(own_broker.url)) == 3, "the others are enqueued")
    assert bridge.received() == 3


def test_large_messages_are_read_in_small_portions(tmp_path: Path, broker_url: str) -> None:
    """However many may be read at once: a read carries a few megabytes at the most once their size is known."""
    limits: list[tuple[int, int]] = []

    class Watched(MemoryEventLog):
        def read(self, name, partition, offset, limit):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            messages = super().read(name, partition, offset, limit)
            limits.append((len(messages), sum(len(message.payload) for message in messages)))
            return messages

    with running(tmp_path, broker_url, Watched(), lease_seconds=60) as bridge:
        for number in range(0, 180, 3):
            payload = heavy_event(number, size=1_000_000)
            bridge.log.publish(HEAVY, key="k", message_id=message_id(payload), payload=payload)
        wait_until(lambda: bridge.received() == 60, "60 events are received")
    after_the_first = [size for count, size in limits if count][1:]
    assert max(after_the_first) < 4_000_000


def test_a_log_that_lost_everything_gets_its_topics_back(tmp_path: Path, broker_url: str) -> None:
    """Topics that went with the log's data are made again, and the partitions read from their start."""
    with running(tmp_path, broker_url) as bridge:
        bridge.publish(*range(4))
        wait_until(lambda: bridge.received() == 4, "4 events are received")
        bridge.log._topics.clear()
        wait_until(lambda: bridge.log.partitions(HEAVY) == 1, "the topic is made again")
        bridge.publish(30)
        wait_until(lambda: bridge.received() == 5, "5 events are received")
    assert bridge.state().rewinds == 1


def test_lightweight_events_are_kept_by_session(tmp_path: Path, broker_url: str) -> None:
    """The second topic is read like the first, each event once."""
    with running(tmp_path, broker_url) as bridge:
        for _ in range(2):
            bridge.log.publish(LIGHTWEIGHT, key="s", message_id=uuid4(), payload=LIGHTWEIGHT_EVENT)
        wait_until(lambda: bridge.state("lightweight").position == 2, "the position is 2")
        assert bridge.ledger.counts.count().lightweight == 1
        assert not bridge.ledger.dead_letters.find()


def test_a_replica_that_slept_past_its_lease_moves_nothing(tmp_path: Path, broker_url: str) -> None:
    """Another has taken the partition meanwhile: its batch is refused as a whole, nothing is stored twice, and it goes on without."""
    log, gate = MemoryEventLog(), list[bool]()

    class Sleeper(MemoryEventLog):
        """Shares the other's messages, and falls asleep between reading and recording."""

        def __init__(self) -> None:
            super().__init__()
            self._topics = log._topics

        def read(self, name, partition, offset, limit):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            messages = super().read(name, partition, offset, limit)
            if messages and name == HEAVY and not gate:
                gate.append(True)
                wait_until(lambda: "woken" in events(lines), "the sleeper is woken")
            return messages

    with (
        structlog.testing.capture_logs() as lines,
        running(tmp_path, broker_url, Sleeper(), lease_seconds=2.0) as first,
    ):
        first.publish(0, 3)
        wait_until(lambda: bool(gate), "the sleeper has read")
        second = Bridge(log, first.ledger, first.settings, "two")
        second.start()
        wait_until(lambda: second.received() == 2, "2 events are received")
        lines.append({"event": "woken"})
        wait_until(lambda: "lease_lost" in events(lines), "the lease is lost")
        second.publish(6)
        wait_until(lambda: second.received() == 3, "3 events are received")
        second.stop()
    for payload in map(heavy_event, (0, 3, 6)):
        detail = first.ledger.history.session_detail(session_id(payload))
        assert [event.event_id for event in detail.events] == [event_id(payload)]
    assert len(queued(broker_url)) == 3


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_replicas_share_the_partitions(
    kind: str, tmp_path: Path, broker_url: str, request: pytest.FixtureRequest
) -> None:
    """Each has its fair share; the share of one that leaves goes to the others at once, and every event is received once."""
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else f"sqlite:///{tmp_path}/ledger.sqlite"
    settings = settings_for(tmp_path, broker_url, lease_seconds=2.0).model_copy(
        update={"streams": StreamSettings(partitions=6, trim=False)}
    )
    log, ledgers = MemoryEventLog(), [open_ledger(url) for _ in range(3)]
    bridges = [Bridge(log, ledger, settings, f"replica-{number}") for number, ledger in enumerate(ledgers)]

    def shares() -> list[int]:
        owners = [state.owner for state in ledgers[0].partitions.states() if state.owner]
        return sorted(owners.count(owner) for owner in set(owners))

    for bridge in bridges:
        bridge.start()
    wait_until(lambda: shares() == [4, 4, 4], "each has its share")
    bridges[0].publish(*range(0, 150, 3))
    bridges[0].stop()
    bridges[1].publish(*range(150, 300, 3))
    wait_until(lambda: shares() == [6, 6], "two share what the third left")
    wait_until(lambda: bridges[1].received() == 100, "100 events are received")
    for bridge in bridges[1:]:
        bridge.stop()
    for ledger in ledgers:
        ledger.dispose()
    assert len(queued(broker_url)) == 100

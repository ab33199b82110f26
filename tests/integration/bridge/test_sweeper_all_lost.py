"""The queues were emptied: everything that is open is sent at once, however much it is, and once."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from fixtures.broker import Broker, free_port
from fixtures.ledger import at, heavy
from fixtures.waiting import wait_until
from redis import Redis

from bridge.maintenance.sweeper import Sweeper
from worker.event_log.memory import MemoryEventLog
from worker.event_log.protocol import EventLog
from worker.event_log.redis_streams import RedisEventLog
from worker.ledger import Ledger, OutboxMessage, SessionRef, open_ledger
from worker.settings import Settings, load_settings
from worker.system.clock import SECOND
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, FINISHING
from worker.task_queue.queues import Queues

#: of each kind, more than one page holds
MANY = 1100


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.dispose()


def received(ledger: Ledger, names: list[str], *, moment: int = 1) -> list[SessionRef]:
    return at(ledger, moment).intake.receive(heavy=[heavy(name) for name in names], ablation_rate=0.1)


def expecting(ledger: Ledger, names: list[str], learnings: list[str]) -> list[SessionRef]:
    refs = received(ledger, names)
    for ref in refs:
        at(ledger, 1).work.expect(ref.session_id, ref.version, learnings, signals_seen=0)
    return refs


@contextmanager
def sweeping(broker_url: str, ledger: Ledger, event_log: EventLog) -> Iterator[Settings]:
    """A sweeper that was told that all is lost, in a thread as in the bridge."""
    settings = load_settings({"GROOVE_BROKER": broker_url, "GROOVE_SWEEPER__INTERVAL_SECONDS": "0.05"})
    app = make_app(settings, publisher_only=True)
    sweeper = Sweeper(
        settings=settings,
        ledger=ledger,
        event_log=event_log,
        queues=Queues(settings),
        app=app,
        lost_before=ledger.now(),
    )
    stopping = threading.Event()
    thread = threading.Thread(target=sweeper.run, args=(stopping,))
    thread.start()
    try:
        yield settings
    finally:
        stopping.set()
        thread.join()


def sent(broker_url: str, queue: str) -> list[str]:
    """What the messages of a queue are about."""
    with closing(Redis.from_url(broker_url)) as client:
        messages = [json.loads(message) for message in client.lrange(queue, 0, -1)]
    return sorted(message["headers"]["task"] + " " + message["headers"]["argsrepr"] for message in messages)


def open_work(ledger: Ledger) -> dict[str, list[str]]:
    """More than a page of each kind -> by queue, the messages that are to come of it."""
    names = [f"p{number:04d}" for number in range(MANY)]
    received(ledger, names)
    learnings = [f"l{number:04d}" for number in range(MANY)]
    expecting(ledger, ["s"], learnings)
    ended = [f"t{number:04d}" for number in range(MANY)]
    expecting(ledger, ended, [])
    return {
        EMBEDDING: [f"groove.prepare_session session {name}" for name in names],
        ATTRIBUTION: [f"groove.attribute_learning session s, learning {learning}" for learning in learnings],
        FINISHING: [f"groove.finish_session session {name}" for name in ended],
    }


def test_all_that_is_open_is_sent(broker_url: str, ledger: Ledger) -> None:
    """In pages, each message once; what is received meanwhile is sent by whoever received it."""
    expected = open_work(ledger)
    received(ledger, ["meanwhile"], moment=ledger.now() + 30 * SECOND)
    with sweeping(broker_url, ledger, MemoryEventLog()):
        wait_until(
            lambda: len(sent(broker_url, ATTRIBUTION)) >= MANY <= len(sent(broker_url, FINISHING)), "all is sent"
        )
    assert {queue: sent(broker_url, queue) for queue in expected} == expected


def test_what_a_wrong_clock_sent_is_lost_too(broker_url: str, ledger: Ledger) -> None:
    """The queues had it, whatever its moment."""
    received(ledger, ["ahead"], moment=ledger.now() + 3600 * SECOND)
    with sweeping(broker_url, ledger, MemoryEventLog()):
        wait_until(lambda: sent(broker_url, EMBEDDING) == ["groove.prepare_session session ahead"], "it is sent")


def test_a_broker_that_comes_late(own_broker: Broker, ledger: Ledger) -> None:
    """What it did not take at first it is given when it is there, and then the rest."""
    own_broker.stop()
    expected = open_work(ledger)
    with structlog.testing.capture_logs() as lines, sweeping(own_broker.url, ledger, MemoryEventLog()):
        wait_until(lambda: any(line["event"] == "sweep_failed" for line in lines), "the broker is missed")
        own_broker.start()
        wait_until(
            lambda: len(sent(own_broker.url, ATTRIBUTION)) >= MANY <= len(sent(own_broker.url, FINISHING)),
            "all is sent",
        )
    assert {queue: sent(own_broker.url, queue) for queue in expected} == expected


def test_an_event_log_that_is_away(broker_url: str, ledger: Ledger) -> None:
    """Its outage is no reason to send all of it again at every look."""
    [ref] = received(ledger, ["lost"])
    [ended] = expecting(ledger, ["ended"], [])
    message = OutboxMessage(message_id=UUID(int=1), stream="out", topic="t", key="ended", payload=b"x")
    assert at(ledger, 1).work.finish("ended", ended.version, message=message)
    away = RedisEventLog(f"redis://127.0.0.1:{free_port()}")
    with closing(away), structlog.testing.capture_logs() as lines, sweeping(broker_url, ledger, away):
        wait_until(lambda: [line["event"] for line in lines].count("sweep_failed") > 2, "the log is missed thrice")
    assert sent(broker_url, EMBEDDING) == [f"groove.prepare_session session {ref.session_id}"]

"""What the sweeper makes of a clock that was set back while messages stand in the queue."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.ledger import received
from redis import Redis

from bridge.sweeper import Sweeper
from worker.event_log.memory import MemoryEventLog
from worker.ledger import Ledger, open_ledger
from worker.settings import load_settings
from worker.task_queue import workflow
from worker.task_queue.app import ATTRIBUTION, EMBEDDING, FINISHING, make_app
from worker.task_queue.queues import Queues

SECOND = 1_000_000
AHEAD = 3600 * SECOND
QUICK = {"GROOVE_SWEEPER__INTERVAL_SECONDS": "0.05"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.dispose()


def test_nothing_is_lost_while_the_old_time_is_next_in_line(
    broker_url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then a message from before the step stands in the queue still; once it is gone, what nobody holds is sent again."""
    moment = 10_000_000 * SECOND
    monkeypatch.setattr("bridge.sweeper.now", lambda: moment)
    settings = load_settings({"GROOVE_BROKER": broker_url, "GROOVE_SWEEPER__SILENCE_SECONDS": "0.1"} | QUICK)
    app, queues = make_app(settings, publisher_only=True), Queues(settings)
    sweeper = Sweeper(settings=settings, ledger=ledger, event_log=MemoryEventLog(), queues=queues, app=app)
    queued, lost = (received(ledger, name, moment + AHEAD) for name in ("queued", "lost"))
    workflow.enqueue(app, [workflow.prepare(app, queued.session_id, queued.version, sent_at=moment + AHEAD)])

    sweeper.sweep()
    moment += 60 * SECOND
    sweeper.sweep()
    assert queues.lengths() == {EMBEDDING: 1, ATTRIBUTION: 0, FINISHING: 0}

    ledger.work.expect("queued", queued.version, [], signals_seen=0, now=moment)
    with closing(Redis.from_url(broker_url)) as client:
        client.delete(EMBEDDING)
    until = time.monotonic() + 20
    while not queues.lengths()[EMBEDDING] and time.monotonic() < until:
        sweeper.sweep()
    with closing(Redis.from_url(broker_url)) as client:
        [message] = client.lrange(EMBEDDING, 0, -1)
    assert lost.session_id in json.loads(message)["headers"]["argsrepr"]

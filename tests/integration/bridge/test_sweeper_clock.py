"""What the sweeper makes of a clock that was set back while messages stand in the queue."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.ledger import received
from fixtures.waiting import wait_until
from redis import Redis

from bridge.maintenance.sweeper import Sweeper
from worker.event_log.memory import MemoryEventLog
from worker.ledger import Ledger, open_ledger
from worker.settings import load_settings
from worker.system.clock import HOUR
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, FINISHING
from worker.task_queue.queues import Queues

QUICK = {"GROOVE_SWEEPER__INTERVAL_SECONDS": "0.05", "GROOVE_SWEEPER__SILENCE_SECONDS": "0.1"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.dispose()


def test_nothing_is_lost_while_the_old_time_is_next_in_line(broker_url: str, ledger: Ledger) -> None:
    """Then a message from before the step stands in the queue still; once it is gone, what nobody holds is sent again."""
    settings = load_settings({"GROOVE_BROKER": broker_url} | QUICK)
    app, queues = make_app(settings, publisher_only=True), Queues(settings)
    sweeper = Sweeper(settings=settings, ledger=ledger, event_log=MemoryEventLog(), queues=queues, app=app)
    ahead = ledger.now() + HOUR
    queued, lost = (received(ledger, name, ahead) for name in ("queued", "lost"))
    workflow.enqueue(app, [workflow.prepare(app, queued.session_id, queued.version, sent_at=ahead)])

    for _ in range(3):
        sweeper.sweep()
    assert queues.lengths() == {EMBEDDING: 1, ATTRIBUTION: 0, FINISHING: 0}

    ledger.work.expect("queued", queued.version, [], signals_seen=0)
    with closing(Redis.from_url(broker_url)) as client:
        client.delete(EMBEDDING)

        def is_sent_again() -> bool:
            sweeper.sweep()
            return queues.lengths()[EMBEDDING] > 0

        wait_until(is_sent_again, "what was lost is sent again", seconds=20)
        [message] = client.lrange(EMBEDDING, 0, -1)
    assert lost.session_id in json.loads(message)["headers"]["argsrepr"]

"""Preparations are sent again when nobody who lives holds them, however long they take and whatever stands in the queue."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.ledger import received

from bridge.maintenance.sweeper import Sweeper
from worker.event_log.memory import MemoryEventLog
from worker.ledger import Ledger, open_ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import load_settings
from worker.task_queue import workflow
from worker.task_queue.app import EMBEDDING, make_app
from worker.task_queue.queues import Queues

SILENCE = 0.3
LONG_AGO = 1_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.dispose()


def test_held_by_the_living_is_never_lost(broker_url: str, ledger: Ledger) -> None:
    """One that was sent long ago stays with its living worker, and one that is queued stays in the queue, until the worker is gone."""
    quick = {"GROOVE_SWEEPER__SILENCE_SECONDS": str(SILENCE), "GROOVE_SWEEPER__INTERVAL_SECONDS": "0.05"}
    settings = load_settings({"GROOVE_BROKER": broker_url} | quick)
    app, queues, heartbeats = make_app(settings, publisher_only=True), Queues(settings), Heartbeats(settings)
    sweeper = Sweeper(settings=settings, ledger=ledger, event_log=MemoryEventLog(), queues=queues, app=app)
    held, queued = received(ledger, "held", LONG_AGO), received(ledger, "queued", LONG_AGO + 1)
    workflow.enqueue(app, [workflow.prepare(app, queued.session_id, queued.version, sent_at=LONG_AGO + 1)])

    looks, until = 0, time.monotonic() + 8 * SILENCE
    while time.monotonic() < until:
        looks += 1
        heartbeats.beat("embedding@one", now=looks, held=[held])
        sweeper.sweep()
        assert queues.lengths()[EMBEDDING] == 1
    assert looks > 2

    until = time.monotonic() + 30
    while queues.lengths()[EMBEDDING] == 1 and time.monotonic() < until:
        sweeper.sweep()
    steps = {id_: [line.step for line in ledger.history.session_detail(id_).steps] for id_ in ("held", "queued")}
    assert [id_ for id_, told in steps.items() if "sent again" in told] == ["held"]

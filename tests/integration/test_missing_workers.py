"""What the doctor says of a queue that nobody takes from."""

from contextlib import closing

import pytest

from worker.domain import SessionVersion
from worker.errors import Unavailable
from worker.liveness.broker_heartbeat import Heartbeats
from worker.operations.examining import about_the_parts
from worker.settings import load_settings
from worker.system.clock import now_micros
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.broker import broker_client
from worker.task_queue.messages import EMBEDDING, FINISHING


def test_a_whole_kind_of_worker_is_missed(broker_url: str) -> None:
    """What waits for a queue whose only workers are gone is told, though others live; one that takes from every queue is enough."""
    settings = load_settings({"GROOVE_BROKER": broker_url})
    heartbeats, app = Heartbeats(settings), make_app(settings, publisher_only=True)
    now = now_micros()
    heartbeats.beat("bridge@here", now=now, held=[])
    heartbeats.beat("attribution@here", now=now, held=[])
    version = SessionVersion(timestamp=1, event_id="e")
    workflow.enqueue(
        app, [workflow.prepare(app, "s", version, sent_at=1), workflow.finish(app, "s", version, sent_at=1)]
    )
    try:
        with pytest.raises(Unavailable, match=r"^1 queued for embedding, and no worker takes them"):
            about_the_parts(settings)
        heartbeats.remove("attribution@here")
        heartbeats.beat("embedding@here", now=now, held=[])
        with pytest.raises(Unavailable, match=r"^1 queued for finishing, and no worker takes them"):
            about_the_parts(settings)
        heartbeats.beat("worker-1@here", now=now, held=[])
        assert "1 worker-1" in about_the_parts(settings)
    finally:
        heartbeats.remove("bridge@here", "attribution@here", "embedding@here", "worker-1@here")
        with closing(broker_client(settings)) as client:
            client.delete(EMBEDDING, FINISHING)

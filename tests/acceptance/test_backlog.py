"""Work that has piled up: in which order it is done."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from acceptance.groove_command import Groove
from celery import Celery

from worker.domain import SessionVersion
from worker.settings import load_settings
from worker.task_queue import workflow
from worker.task_queue.app import make_app
from worker.task_queue.messages import ATTRIBUTION

SESSIONS = 20


@contextmanager
def listening(app: Celery, taken: list[str]) -> Iterator[Any]:
    """The tasks' names in the order in which workers say that they have taken them, added to `taken` while `drain_events` is called."""
    with app.connection_for_read() as first:
        receiver = app.events.Receiver(first, handlers={"task-received": lambda event: taken.append(event["name"])})
        with receiver.consumer_context(wakeup=False) as (connection, _channel, _consumers):
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=1)  # Redis is told what is wanted when somebody first waits for it
            yield connection


def test_a_session_is_finished_before_others_are_attributed(groove: Groove, broker_url: str) -> None:
    """Behind the backlog it would wait for the learnings of every session that came before; a worker for attribution takes both."""
    app = make_app(load_settings({"GROOVE_BROKER": broker_url}), publisher_only=True)
    version = SessionVersion(timestamp=1, event_id="nobody's")
    backlog = [workflow.attribute(app, f"nobody {number}", version, ["l"], sent_at=1) for number in range(SESSIONS)]
    workflow.enqueue(app, [*backlog, workflow.finish(app, "nobody", version, sent_at=1)])
    taken: list[str] = []
    with listening(app, taken) as connection:
        groove.start("worker", "--queues", ATTRIBUTION, GROOVE_BROKER=broker_url)
        until = time.monotonic() + 60
        while len(taken) <= SESSIONS and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=1)
        groove.end()
    assert taken == [workflow.FINISH, *[workflow.ATTRIBUTE] * SESSIONS]

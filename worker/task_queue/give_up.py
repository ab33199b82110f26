"""A session that could not be prepared ends all the same: every learning fails with the reason, and the session finishes without them."""

from celery import Celery

from worker.domain import SessionVersion
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import Ledger
from worker.task_queue import workflow


def give_up_session(ledger: Ledger, app: Celery, session_id: str, version: SessionVersion, reason: str) -> None:
    """Raises `Superseded` or `NotFound` when the session has moved on, and `Unavailable`: the sweeper asks again."""
    work = ledger.work.load_work(session_id, version)
    event = read_heavy_event(work.payload, logged_at=work.logged_at)
    sent_at = ledger.now()
    ledger.work.expect(
        session_id,
        version,
        list(event.expected_learnings),
        refused=dict.fromkeys(event.expected_learnings, reason),
        signals_seen=len(work.lightweight),
    )
    workflow.enqueue(app, [workflow.finish(app, session_id, version, sent_at=sent_at)])

"""What a failure costs: one try of the work that failed, and after the last one the session goes on without it."""

from collections.abc import Sequence

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from worker.domain import SessionVersion
from worker.errors import GrooveError, NotFound, Superseded, Unavailable
from worker.ledger import Ledger
from worker.resources import Resources
from worker.task_queue import workflow
from worker.task_queue.give_up import give_up_session
from worker.tasks.shared import Outcome, current_celery, left_to_sweeper

log = structlog.get_logger()


def give_up_lost(
    resources: Resources,
    session_id: str,
    version: SessionVersion,
    learning_ids: Sequence[str] | None,
    reason: str,
) -> None:
    """A child died over this task: one try of its work is spent, and after the last the session goes on without it."""
    options = resources.settings.worker
    work, max_tries, retry_seconds = resources.ledger.work, options.max_tries, options.retry_seconds
    try:
        if learning_ids is None:
            if work.fail_preparation(session_id, version, reason, max_tries=max_tries, retry_seconds=retry_seconds):
                give_up_session(resources.ledger, current_celery(), session_id, version, reason)
            return
        outcomes = [
            work.fail_entry(session_id, version, id_, reason, max_tries=max_tries, retry_seconds=retry_seconds)
            for id_ in learning_ids
        ]
    except (Superseded, NotFound):
        return
    if any(outcome.last for outcome in outcomes):
        enqueue_finish(resources.ledger, session_id, version)


def enqueue_finish(ledger: Ledger, session_id: str, version: SessionVersion) -> None:
    """The session's last learning has ended outside a chord."""
    app = current_celery()
    workflow.enqueue(app, [workflow.finish(app, session_id, version, sent_at=ledger.now())])


def finish_failed(resources: Resources, session_id: str, version: SessionVersion, reason: str) -> Outcome:
    """One try spent; after the last the session is a dead letter, for a person to look at and to retry."""
    work, max_tries = resources.ledger.work, resources.settings.worker.max_tries
    log.warning("finish_failed", session_id=session_id, event_id=version.event_id, reason=reason)
    try:
        given_up = work.fail_finish(session_id, version, reason, max_tries=max_tries)
        if given_up:
            work.fail_session(session_id, version, f"its learnings are done, but finishing failed: {reason}")
    except (Superseded, NotFound, Unavailable) as error:
        return left_to_sweeper(error, session_id=session_id)
    return {"state": "failed", "reason": reason, "given_up": given_up}


def reason_of(error: BaseException) -> str:
    """One line for a person."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "took longer than its time limit"
    if isinstance(error, GrooveError):
        return str(error)[:500]
    return f"{type(error).__name__}: {error}"[:500]

"""What a failure costs: one try of the work that failed, and after the last one the session goes on without it."""

from collections.abc import Sequence

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from worker.domain import SessionVersion
from worker.errors import GrooveError, NotFound, Superseded, Unavailable
from worker.resources import Resources
from worker.task_queue import workflow
from worker.task_queue.give_up import give_up_session
from worker.tasks.shared import Outcome, current_celery, left_to_sweeper, now

log = structlog.get_logger()


def give_up_lost(
    parts: Resources,
    session_id: str,
    version: SessionVersion,
    learning_ids: Sequence[str] | None,
    reason: str,
    moment: int,
) -> None:
    """A child died over this task: one try of its work is spent, and after the last the session goes on without it."""
    options = parts.settings.worker
    retry_at = moment + round(options.retry_seconds * 1e6)
    spent = {"now": moment, "max_tries": options.max_tries, "retry_at": retry_at}
    try:
        if learning_ids is None:
            if parts.ledger.work.fail_preparation(session_id, version, reason, **spent):
                give_up_session(parts.ledger, current_celery(), session_id, version, reason, now=moment)
            return
        outcomes = [parts.ledger.work.fail_entry(session_id, version, id_, reason, **spent) for id_ in learning_ids]
    except (Superseded, NotFound):
        return
    if any(outcome.last for outcome in outcomes):
        workflow.enqueue(current_celery(), [workflow.finish(current_celery(), session_id, version)])


def finish_failed(parts: Resources, session_id: str, version: SessionVersion, reason: str) -> Outcome:
    """One try spent; after the last the session is a dead letter, for a person to look at and to retry."""
    moment, work, max_tries = now(), parts.ledger.work, parts.settings.worker.max_tries
    log.warning("finish_failed", session_id=session_id, event_id=version.event_id, reason=reason)
    try:
        given_up = work.fail_finish(session_id, version, reason, now=moment, max_tries=max_tries)
        if given_up:
            work.fail_session(session_id, version, f"its learnings are done, but finishing failed: {reason}", moment)
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

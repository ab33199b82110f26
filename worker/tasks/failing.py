"""What a failure costs: one try of the work that failed, and after the last one the session goes on without it."""

from collections.abc import Sequence

from celery.exceptions import SoftTimeLimitExceeded

from worker import canvas
from worker.domain import SessionVersion
from worker.errors import GrooveError, NotFound, Superseded
from worker.giving_up import give_up_session
from worker.resources import Resources
from worker.tasks.shared import current_celery


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
        canvas.enqueue(current_celery(), [canvas.finish(current_celery(), session_id, version)])


def reason_of(error: BaseException) -> str:
    """One line for a person."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "took longer than its time limit"
    if isinstance(error, GrooveError):
        return str(error)[:500]
    return f"{type(error).__name__}: {error}"[:500]

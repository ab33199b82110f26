"""What the three tasks have in common."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from celery import Celery, current_app
from celery.exceptions import SoftTimeLimitExceeded
from kombu.utils.functional import retry_over_time

from worker.domain import SessionVersion
from worker.errors import NotFound, Superseded, Unavailable
from worker.resources import Resources
from worker.task_queue import workflow

log = structlog.get_logger()

_Answer = TypeVar("_Answer")
#: what a task answers: shown in Flower
Outcome = dict[str, Any]


def patiently(resources: Resources, call: Callable[..., _Answer], *args: Any, **kwargs: Any) -> _Answer:
    """Call, and while a part cannot be reached call again, for `worker.patience_seconds` at most.

    Raises `Unavailable`, also when the task's time is up meanwhile: it was spent on waiting.
    """
    try:
        answer: _Answer = retry_over_time(
            call,
            Unavailable,
            args,
            kwargs,
            interval_start=0.1,
            interval_step=0.4,
            interval_max=3,
            timeout=resources.settings.worker.patience_seconds or None,
            max_retries=None if resources.settings.worker.patience_seconds else 0,
        )
    except SoftTimeLimitExceeded as error:
        raise Unavailable("the time was up while waiting for another part") from error
    return answer


def left_to_sweeper(reason: Exception, **about: str) -> Outcome:
    log.warning("left_to_sweeper", reason=str(reason), **about)
    return {"state": "left to the sweeper", "reason": str(reason)}


def superseded(resources: Resources, session_id: str, version: SessionVersion, reason: Exception) -> Outcome:
    """A newer version is in force and this work is dropped. If none is, the store alone knows one: the ledger is an older copy than it.

    Then the session starts over above the attempt that the store knows; a newer event, which only the event log can bring back, makes it
    a dead letter until then, as does an event whose payload is gone.
    """
    try:
        if not _is_in_force(resources, session_id, version):
            return {"state": "dropped", "reason": str(reason)}
        if isinstance(reason, NotFound):
            return _put_aside(resources, session_id, version, str(reason))
        stored = resources.store.get_session_version(session_id)
        if (stored.timestamp, stored.event_id) != (version.timestamp, version.event_id):
            newer = f"the store knows a newer event ({stored.event_id}) than the ledger: is it an older copy?"
            return _put_aside(resources, session_id, version, newer)
        return begin_above(resources, session_id, version, stored.attempt, str(reason))
    except (Superseded, NotFound) as error:
        return {"state": "dropped", "reason": str(error)}
    except Unavailable as error:
        return left_to_sweeper(error, session_id=session_id)


def begin_above(resources: Resources, session_id: str, version: SessionVersion, attempt: int, reason: str) -> Outcome:
    """The session starts over with an attempt that the store has never seen."""
    sent_at = resources.ledger.now()
    ref = resources.ledger.work.begin_above(session_id, version, attempt)
    if ref is None:
        return {"state": "dropped", "reason": reason}
    workflow.enqueue(current_celery(), [workflow.prepare(current_celery(), session_id, ref.version, sent_at=sent_at)])
    return {"state": "begun again", "reason": reason}


def _put_aside(resources: Resources, session_id: str, version: SessionVersion, reason: str) -> Outcome:
    resources.ledger.work.fail_session(session_id, version, reason)
    return {"state": "failed", "reason": reason}


def _is_in_force(resources: Resources, session_id: str, version: SessionVersion) -> bool:
    try:
        resources.ledger.work.remaining(session_id, version)
    except (Superseded, NotFound):
        return False
    return True


def put_back(
    resources: Resources, session_id: str, version: SessionVersion, learning_ids: Sequence[str] | None
) -> None:
    """The work ended without a result, but nobody died over it: the sweeper must not count a try. Without the ledger it may count one."""
    with suppress(Superseded, NotFound, Unavailable):
        resources.ledger.work.put_back(session_id, version, learning_ids)


def current_celery() -> Celery:
    app: Celery = current_app._get_current_object()  # noqa: SLF001 - Celery's way from its proxy to the app
    return app

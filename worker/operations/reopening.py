"""Sessions processed again, because something failed or somebody asks: opened in the ledger, and sent to be prepared.

Results replace, they never add: nothing is counted twice, however often it is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.errors import BrokerUnavailable
from worker.ledger import Ledger, Reopened, SessionRef
from worker.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Reopening:
    """What became of it, or would on a dry run."""

    #: sessions
    opened: tuple[str, ...] = ()
    #: left as they are: their payload is no longer kept
    left: tuple[str, ...] = ()
    dry_run: bool = False
    #: False: on a dry run, and where no broker runs: they are done as soon as the stack does
    enqueued: bool = False


def retry(
    ledger: Ledger,
    settings: Settings,
    *,
    session_id: str | None = None,
    session_ids: Sequence[str] | None = None,
    learning_id: str | None = None,
    reason: str | None = None,
    everything: bool = False,
    dry_run: bool,
) -> Reopening:
    """Retry what `Retries.retry` chooses. Raises `NotFound` where that does."""
    started = ledger.now()
    reopened = ledger.retries.retry(
        session_id=session_id,
        session_ids=session_ids,
        learning_id=learning_id,
        reason=reason,
        everything=everything,
        dry_run=dry_run,
    )
    return _sent(reopened, settings, started, dry_run=dry_run)


def replay(
    ledger: Ledger, settings: Settings, *, since: int | None = None, session_id: str | None = None, dry_run: bool
) -> Reopening:
    """One session, or all whose event was received at or after `since`. Raises `NotFound` for an unknown session."""
    started = ledger.now()
    reopened = ledger.retries.replay(since=since, session_id=session_id, dry_run=dry_run)
    return _sent(reopened, settings, started, dry_run=dry_run)


def enqueue_prepared(settings: Settings, sessions: Sequence[SessionRef], *, sent_at: int) -> bool:
    """Send sessions to be prepared -> False when no broker runs: the sweeper sends them as soon as the stack does.

    `sent_at`: the moment that the ledger was told.
    """
    from worker.task_queue import workflow
    from worker.task_queue.app import make_app

    app = make_app(settings, publisher_only=True)
    try:
        workflow.enqueue(app, [workflow.prepare(app, ref.session_id, ref.version, sent_at=sent_at) for ref in sessions])
    except BrokerUnavailable:
        return False
    return True


def _sent(reopened: Reopened, settings: Settings, started: int, *, dry_run: bool) -> Reopening:
    return Reopening(
        opened=tuple(ref.session_id for ref in reopened.sessions),
        left=tuple(reopened.pruned),
        dry_run=dry_run,
        enqueued=not dry_run and enqueue_prepared(settings, reopened.sessions, sent_at=started),
    )

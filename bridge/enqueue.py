"""From the ledger to the task queue."""

from collections.abc import Iterable

from celery import Celery
from celery.canvas import Signature

from worker.ledger import SessionRef
from worker.task_queue import workflow


class Enqueuer:
    """Keeps what the broker did not take and sends it when it is back; if this process dies before that, the sweeper does."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._unsent: list[Signature] = []

    def prepare(self, sessions: Iterable[SessionRef], *, sent_at: int) -> None:
        """Send sessions to be prepared, as `send`; `sent_at` is the ledger's time before it was told."""
        self.send(workflow.prepare(self.app, ref.session_id, ref.version, sent_at=sent_at) for ref in sessions)

    def send(self, signatures: Iterable[Signature] = ()) -> None:
        """In one pipelined batch, with what could not be sent before. Raises `BrokerUnavailable`: the next call sends it."""
        self._unsent += signatures
        if self._unsent:
            workflow.enqueue(self.app, self._unsent)
            self._unsent = []

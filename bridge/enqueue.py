"""Sessions on their way from the ledger to the task queue."""

import structlog
from celery import Celery

from worker.errors import BrokerUnavailable
from worker.ledger import SessionRef
from worker.task_queue import workflow

log = structlog.get_logger()


class HandOver:
    """Keeps what the broker did not take and sends it when it is back; if this process dies before that, the sweeper does."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: each with the moment at which the ledger has it as sent
        self._unsent: list[tuple[SessionRef, int]] = []

    def send(self, sessions: list[SessionRef], *, sent_at: int) -> None:
        """In one pipelined batch; never raises."""
        self._unsent += [(ref, sent_at) for ref in sessions]
        try:
            self.send_rest()
        except BrokerUnavailable as error:
            log.warning("enqueue_delayed", sessions=len(self._unsent), reason=str(error))

    def send_rest(self) -> None:
        """What could not be sent so far. Raises `BrokerUnavailable`: nothing more should be read meanwhile."""
        if self._unsent:
            workflow.enqueue(
                self._app,
                [workflow.prepare(self._app, ref.session_id, ref.version, sent_at=at) for ref, at in self._unsent],
            )
            self._unsent = []

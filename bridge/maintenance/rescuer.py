"""Sends again what the broker, a worker or a chord lost.

Only what was sent before the oldest message still in its queue counts as lost: age alone would resend a long queue again and again.
Of those, learnings are lost when they take longer than they may, preparations when no living worker holds them: they may
take minutes, and are too dear to be done twice because a queue was long.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import structlog
from celery.canvas import Signature

from bridge.enqueue import Enqueuer
from bridge.maintenance.lost_preparations import LostPreparations
from worker.errors import NotFound, Superseded
from worker.ledger import MOST_AHEAD, Gates, Ledger, Overdue, Resent, SessionRef
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import Settings
from worker.system.clock import SECOND
from worker.task_queue import workflow
from worker.task_queue.give_up import give_up_session
from worker.task_queue.messages import ATTRIBUTION, EMBEDDING, FINISHING
from worker.task_queue.queues import Queues

log = structlog.get_logger()


class Rescuer:
    name = "lost tasks"

    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        queues: Queues,
        enqueuer: Enqueuer,
        heartbeats: Heartbeats,
        lost_before: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._overdue_seconds = settings.worker, settings.sweeper.overdue_seconds
        self._ledger, self._queues, self._enqueuer, self._heartbeats = ledger, queues, enqueuer, heartbeats
        self._clock = clock
        self._lost_preparations = LostPreparations(seconds=settings.sweeper.silence_seconds)
        #: what was sent before this is lost, for the queues were emptied then; None: that has been seen to
        self._lost_before = lost_before

    def run(self) -> None:
        self._enqueuer.send()
        if self._lost_before is not None:
            self._send_all(self._lost_before)
            self._lost_before = None
        moment = self._ledger.now()
        self._send_again(self._ledger.sweep.overdue(self._gates(moment)))
        self._send_again(self._unheld(moment))

    def _send_all(self, sent_before: int) -> None:
        """In pages, until nothing is left; what is sent here or by others meanwhile is not sent before then, and so not sent twice."""
        while True:
            gate = min(sent_before, self._ledger.now())
            page = self._ledger.sweep.overdue(Gates(prepare=gate, attribute=gate, finish=gate))
            if not (page.prepare or page.attribute or page.finish):
                return
            self._send_again(page)

    def _gates(self, moment: int) -> Gates:
        grace = self._options.hard_limit_grace + self._overdue_seconds
        late = moment - round((self._options.soft_time_limit + grace) * SECOND)
        attribute, finish = (min(late, self._passed(queue, moment)) for queue in (ATTRIBUTION, FINISHING))
        return Gates(prepare=0, attribute=attribute, finish=finish)

    def _passed(self, queue: str, moment: int) -> int:
        """What was sent before this has left the queue. Nothing has while a message from the future is next: a clock was set back."""
        oldest = self._queues.oldest_sent_at(queue)
        if oldest is None:
            return moment
        return min(oldest, moment) if oldest <= moment + MOST_AHEAD else 0

    def _unheld(self, moment: int) -> Overdue:
        """Preparations that have left the queue and that no living worker holds."""
        gates = Gates(prepare=self._passed(EMBEDDING, moment), attribute=0, finish=0)
        taken = self._ledger.sweep.taken(gates)
        lost = self._lost_preparations.among(taken, self._heartbeats.read(), self._clock())
        if lost:
            log.warning("worker_gone", sessions=len(lost))
        return Overdue(now=moment, gates=gates, prepare=lost)

    def _send_again(self, overdue: Overdue) -> None:
        sent_at = self._ledger.now()
        resent = self._ledger.sweep.send_again(overdue, max_tries=self._options.max_tries)
        signatures = list(self._signatures(resent, sent_at))
        if signatures:
            log.warning(
                "sent_again", prepare=len(resent.prepare), attribute=len(resent.attribute), finish=len(resent.finish)
            )
            self._enqueuer.send(signatures)
        for ref in resent.gave_up_prepare:
            self._give_up(ref)

    def _signatures(self, resent: Resent, sent_at: int) -> Iterator[Signature]:
        app = self._enqueuer.app
        for ref in resent.prepare:
            yield workflow.prepare(app, ref.session_id, ref.version, sent_at=sent_at)
        for entry in resent.attribute:
            yield workflow.attribute(app, entry.session_id, entry.version, [entry.learning_id], sent_at=sent_at)
        for ref in resent.finish:
            yield workflow.finish(app, ref.session_id, ref.version, sent_at=sent_at)

    def _give_up(self, ref: SessionRef) -> None:
        """A session whose preparation killed its process every time: all its learnings fail for that reason."""
        reason = "the worker process died while preparing the session"
        with contextlib.suppress(Superseded, NotFound):
            give_up_session(self._ledger, self._enqueuer.app, ref.session_id, ref.version, reason)

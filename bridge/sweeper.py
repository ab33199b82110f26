"""Finishes what the broker, a worker or a chord lost. The ledger knows what is open; several sweepers at once do no harm.

Only what was sent before the oldest message still in its queue counts as lost: age alone would resend a long queue again and again.
Of those, learnings are lost when they take longer than they may, preparations when no worker that shows life holds them: they may
take minutes, and are too dear to be done twice because a queue was long.
"""

import contextlib
import threading
import time

import structlog
from celery import Celery
from celery.canvas import Signature

from bridge.lost_preparations import Silence
from bridge.transcript_files import read_transcript_file
from worker.errors import GrooveError, InvalidEvent, LedgerUnavailable, NotFound, Superseded
from worker.event_log.protocol import EventLog, TopicName
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import MOST_APART, MOST_DOUBLINGS, Gates, Ledger, Overdue, SessionRef, WaitingSession
from worker.liveness.broker_heartbeat import SignsOfLife
from worker.publish_outbox import drain_outbox
from worker.settings import Settings
from worker.task_queue import workflow
from worker.task_queue.app import ATTRIBUTION, EMBEDDING, FINISHING
from worker.task_queue.give_up import give_up_session
from worker.task_queue.queues import Queues

log = structlog.get_logger()

_MICROS = 1_000_000
_DAY = 86400 * _MICROS
#: a message this young is most likely being published by its callback right now
_OUTBOX_GRACE_SECONDS = 5
_FIRST_LOOK_SECONDS = 5.0
_LAST_LOOK_SECONDS = 3600.0
_PRUNE_SECONDS = 3600.0


def now() -> int:
    return time.time_ns() // 1000


class Sweeper:
    def __init__(self, *, settings: Settings, ledger: Ledger, event_log: EventLog, queues: Queues, app: Celery) -> None:
        self._settings, self._ledger, self._event_log, self._queues, self._app = (
            settings,
            ledger,
            event_log,
            queues,
            app,
        )
        self._signs = SignsOfLife(settings)
        self._silence = Silence(seconds=settings.sweeper.silence_seconds)
        self._prune_at = 0.0
        #: what was sent before this is lost, for the queues were emptied then; None: that has been seen to
        self._all_lost_at: int | None = None
        #: noted as sent, and the broker did not take it
        self._unsent: list[Signature] = []

    def run(self, stopping: threading.Event, *, all_lost: bool) -> None:
        """Look again and again; `all_lost`: the queues were emptied at the start, so everything that is open now is sent first."""
        self._all_lost_at = now() if all_lost else None
        while not stopping.is_set():
            self.sweep()
            stopping.wait(self._settings.sweeper.interval_seconds)

    def sweep(self) -> None:
        """One look. What fails is logged, and found by the next look; what needs nothing of it is done all the same."""
        for what, do in (("tasks", self._send_lost), ("outbox", self._publish), ("pruning", self._prune)):
            try:
                do()
            except LedgerUnavailable as error:
                log.warning("sweep_failed", what=what, reason=str(error))
                return  # the others need it too
            except GrooveError as error:
                log.warning("sweep_failed", what=what, reason=str(error))
            except Exception:  # nobody would notice that the sweeper has ended
                log.exception("sweep_failed", what=what)

    def _send_lost(self) -> None:
        self._enqueue([])
        if self._all_lost_at is not None:
            self._send_all(sent_before=self._all_lost_at)
            self._all_lost_at = None
        self._set_right(now())
        moment = now()
        overdue = self._ledger.sweep.overdue(moment, self._gates(moment))
        self._send_again(overdue, moment)
        self._send_again(self._unheld(moment), moment)
        for waiting in overdue.waiting:
            self._look_for_transcript(waiting)
        self._prepare(self._ledger.sweep.reopen_quiet(moment), moment)

    def _publish(self) -> None:
        moment = now()
        drain_outbox(self._ledger, self._event_log, now=moment, created_before=moment - _OUTBOX_GRACE_SECONDS * _MICROS)
        if self._settings.streams.trim:
            self._trim_results()

    def _trim_results(self) -> None:
        """Nobody's position says which have been read: the newest stay."""
        name = TopicName.parse(self._settings.streams.attributed)
        for partition in range(self._event_log.partitions(name)):
            ends = self._event_log.ends(name, partition)
            if (oldest := ends.end - self._settings.streams.keep_results) > ends.begin:
                self._event_log.trim(name, partition, oldest)

    def _send_all(self, *, sent_before: int) -> None:
        """In pages, until nothing is left; what is sent here or by others meanwhile is not sent before then, and so not sent twice."""
        self._set_right(sent_before - 1)
        gates = Gates(prepare=sent_before, attribute=sent_before, finish=sent_before)
        while True:
            moment = max(now(), sent_before)
            page = self._ledger.sweep.overdue(moment, gates)
            if not (page.prepare or page.attribute or page.finish):
                return
            self._send_again(page, moment)

    def _gates(self, moment: int) -> Gates:
        options = self._settings.worker
        grace = options.hard_limit_grace + self._settings.sweeper.overdue_seconds
        late = moment - round((options.soft_time_limit + grace) * _MICROS)
        attribute, finish = (min(late, self._passed(queue, moment)) for queue in (ATTRIBUTION, FINISHING))
        return Gates(prepare=0, attribute=attribute, finish=finish)

    def _passed(self, queue: str, moment: int) -> int:
        """What was sent before this has left the queue. Nothing has while a message from the future is next: a clock was set back."""
        oldest = self._queues.oldest_sent_at(queue)
        if oldest is None:
            return moment
        return min(oldest, moment) if oldest <= moment + MOST_APART else 0

    def _set_right(self, moment: int) -> None:
        options = self._settings.worker
        longest_retry = options.retry_seconds * 2 ** min(options.max_tries, MOST_DOUBLINGS)
        latest_retry = moment + round(longest_retry * _MICROS)
        latest_look = moment + round(_LAST_LOOK_SECONDS * _MICROS)
        if self._ledger.sweep.set_right(moment, latest_retry=latest_retry, latest_look=latest_look):
            log.warning("clock_was_set_back", todo="what was sent by the old time counts as sent now")

    def _unheld(self, moment: int) -> Overdue:
        """Preparations that have left the queue and that no living worker holds."""
        gates = Gates(prepare=self._passed(EMBEDDING, moment), attribute=0, finish=0)
        taken = self._ledger.sweep.taken(gates)
        lost = self._silence.lost(taken, self._signs.read(), time.monotonic())
        if lost:
            log.warning("worker_gone", sessions=len(lost))
        return Overdue(now=moment, gates=gates, prepare=lost)

    def _send_again(self, overdue: Overdue, moment: int) -> None:
        resent = self._ledger.sweep.send_again(overdue, moment, max_tries=self._settings.worker.max_tries)
        signatures = [
            *(workflow.prepare(self._app, ref.session_id, ref.version, sent_at=moment) for ref in resent.prepare),
            *(
                workflow.attribute(self._app, ref.session_id, ref.version, [ref.learning_id], sent_at=moment)
                for ref in resent.attribute
            ),
            *(workflow.finish(self._app, ref.session_id, ref.version) for ref in resent.finish),
        ]
        if signatures:
            log.warning(
                "sent_again", prepare=len(resent.prepare), attribute=len(resent.attribute), finish=len(resent.finish)
            )
            self._enqueue(signatures)
        for ref in resent.gave_up_prepare:
            self._give_up(ref)

    def _give_up(self, ref: SessionRef) -> None:
        """A session whose preparation killed its process every time: all its learnings fail for that reason."""
        reason = "the worker process died while preparing the session"
        with contextlib.suppress(Superseded, NotFound):
            give_up_session(self._ledger, self._app, ref.session_id, ref.version, reason, now=now())

    def _prepare(self, sessions: list[SessionRef], moment: int) -> None:
        self._enqueue([workflow.prepare(self._app, ref.session_id, ref.version, sent_at=moment) for ref in sessions])

    def _enqueue(self, signatures: list[Signature]) -> None:
        """With what could not be enqueued before: the ledger has it as sent, and would miss it only after a while."""
        self._unsent += signatures
        if self._unsent:
            workflow.enqueue(self._app, self._unsent)
            self._unsent = []

    def _look_for_transcript(self, waiting: WaitingSession) -> None:
        try:
            work = self._ledger.work.load_work(waiting.session_id, waiting.version)
            event = read_heavy_event(work.payload, logged_at=work.logged_at)
            found = self._read_transcript(event.transcript_path)
            if found is not None:
                moment = now()
                ref = self._ledger.work.save_transcript(
                    waiting.session_id, found, now=moment, event_id=waiting.version.event_id
                )
                self._prepare([ref] if ref else [], moment)
                return
            self._wait_on(waiting)
        except InvalidEvent as reason:
            self._ledger.work.fail_session(waiting.session_id, waiting.version, str(reason), now())
        except (Superseded, NotFound):
            return

    def _read_transcript(self, path: str | None) -> bytes | None:
        options = self._settings.bridge
        if path is None:
            return None
        return read_transcript_file(path, root=options.transcript_root, max_bytes=options.max_message_bytes)

    def _wait_on(self, waiting: WaitingSession) -> None:
        moment = now()
        if moment - waiting.since > self._settings.sweeper.transcript_wait_hours * 3600 * _MICROS:
            log.error("transcript_never_came", session_id=waiting.session_id, event_id=waiting.version.event_id)
            reason = f"the transcript did not come within {self._settings.sweeper.transcript_wait_hours:g} hours"
            self._ledger.work.fail_session(waiting.session_id, waiting.version, reason, moment)
            return
        pause = min(_FIRST_LOOK_SECONDS * 2 ** min(waiting.tries, 16), _LAST_LOOK_SECONDS)
        self._ledger.work.mark_waiting(
            waiting.session_id,
            waiting.version,
            next_try_at=moment + round(pause * _MICROS),
            reason=waiting.reason,
            now=moment,
        )

    def _prune(self) -> None:
        if time.monotonic() < self._prune_at:
            return
        self._prune_at = time.monotonic() + _PRUNE_SECONDS
        moment, options = now(), self._settings.sweeper
        if options.payload_days:
            self._ledger.retention.prune(moment, keep_days=options.payload_days)
        if options.outbox_days:
            self._ledger.outbox.prune_sent(moment - round(options.outbox_days * _DAY))
        dead = [sign.part for sign in self._signs.read() if sign.at < moment - _DAY]
        if dead:
            self._signs.remove(*dead)

"""The loop that runs the maintenance services, again and again."""

import threading
from typing import Protocol

import structlog
from celery import Celery

from bridge.enqueue import Enqueuer
from bridge.maintenance.cleaner import Cleaner
from bridge.maintenance.outbox_publisher import OutboxPublisher
from bridge.maintenance.reopener import Reopener
from bridge.maintenance.rescuer import Rescuer
from bridge.maintenance.results_trimmer import ResultsTrimmer
from bridge.maintenance.transcript_waiter import TranscriptWaiter
from worker.errors import GrooveError, LedgerUnavailable
from worker.event_log.protocol import EventLog
from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import Settings
from worker.task_queue.queues import Queues

log = structlog.get_logger()


class Service(Protocol):
    """One kind of maintenance."""

    #: as the log names it
    name: str

    def run(self) -> None:
        """One look. Raises `GrooveError`; the next look tries again."""
        ...


class Sweeper:
    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        event_log: EventLog,
        queues: Queues,
        app: Celery,
        lost_before: int | None = None,
    ) -> None:
        """`lost_before`: the queues were emptied at this moment of the ledger's clock, so all that is open then is sent first."""
        self._interval_seconds = settings.sweeper.interval_seconds
        enqueuer, heartbeats = Enqueuer(app), Heartbeats(settings)
        self._services: tuple[Service, ...] = (
            Rescuer(
                settings=settings,
                ledger=ledger,
                queues=queues,
                enqueuer=enqueuer,
                heartbeats=heartbeats,
                lost_before=lost_before,
            ),
            TranscriptWaiter(settings, ledger, enqueuer),
            Reopener(ledger, enqueuer),
            OutboxPublisher(ledger, event_log),
            ResultsTrimmer(settings.streams, event_log),
            Cleaner(settings.sweeper, ledger, heartbeats),
        )

    def run(self, stopping: threading.Event) -> None:
        """Look again and again until `stopping` is set."""
        while not stopping.is_set():
            self.sweep()
            stopping.wait(self._interval_seconds)

    def sweep(self) -> None:
        """One look of every service. What fails is logged, and found by the next look."""
        for service in self._services:
            try:
                service.run()
            except LedgerUnavailable as error:
                log.warning("sweep_failed", what=service.name, reason=str(error))
                return  # the others need it too
            except GrooveError as error:
                log.warning("sweep_failed", what=service.name, reason=str(error))
            except Exception:  # nobody would notice that the sweeper has ended
                log.exception("sweep_failed", what=service.name)

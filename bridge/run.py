"""The bridge's real objects, and its life from start to SIGTERM."""

import os
import signal
import socket
import threading
import uuid

import structlog

from bridge.consumer import Consumer
from bridge.maintenance.sweeper import Sweeper
from worker.event_log.opening import open_event_log
from worker.ledger import Ledger, open_ledger
from worker.liveness.broker_heartbeat import sending_heartbeats
from worker.liveness.heartbeat_file import HeartbeatFile
from worker.logs import configure_logs
from worker.metrics.serving import serving_metrics
from worker.metrics.stack import StackCollector
from worker.settings import Settings, load_settings
from worker.settings.folders import make_data_folder
from worker.task_queue.app import make_app
from worker.task_queue.queues import Queues

log = structlog.get_logger()

#: seconds after SIGTERM until the process ends, whatever it is waiting for: its leases then run out by themselves
STOP_SECONDS = 8.0


def run(*, all_lost: bool) -> None:
    """Raises `GrooveError` when it cannot start, or when the event log refuses us for good."""
    settings = load_settings()
    configure_logs(settings.log)
    make_data_folder(settings.data_dir)
    ledger = open_ledger(settings.ledger_url, quiet_seconds=settings.bridge.late_event_quiet_seconds)
    heartbeat = HeartbeatFile(settings, "bridge")
    consumer = _consumer(settings, ledger, heartbeat)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(consumer))
    consumer.ensure_topics()
    sweeper = _sweeper(settings, ledger, lost_before=ledger.now() if all_lost else None)
    threading.Thread(target=sweeper.run, args=(consumer.stopping,), daemon=True).start()
    collector = StackCollector(settings, ledger)
    with (
        sending_heartbeats(settings, f"bridge@{consumer.replica}"),
        serving_metrics(settings, lambda: collector.registry),
    ):
        consumer.run()
    heartbeat.stop()
    log.info("bridge_stopped")


def _consumer(settings: Settings, ledger: Ledger, heartbeat: HeartbeatFile) -> Consumer:
    return Consumer(
        settings=settings,
        ledger=ledger,
        event_log=open_event_log(settings.event_log_url),
        queues=Queues(settings),
        app=make_app(settings, publisher_only=True),
        replica=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
        alive=heartbeat.beat,
    )


def _sweeper(settings: Settings, ledger: Ledger, *, lost_before: int | None) -> Sweeper:
    """It works beside the consumer, on connections of its own."""
    return Sweeper(
        settings=settings,
        ledger=ledger,
        event_log=open_event_log(settings.event_log_url),
        queues=Queues(settings),
        app=make_app(settings, publisher_only=True),
        lost_before=lost_before,
    )


def _stop(consumer: Consumer) -> None:
    consumer.stopping.set()
    last_resort = threading.Timer(STOP_SECONDS, os._exit, args=(0,))
    last_resort.daemon = True
    last_resort.start()

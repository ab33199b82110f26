"""Runs one bridge until SIGTERM or Ctrl-C: finishes its batch, gives its leases back, ends with status 0."""

import argparse
import os
import signal
import socket
import sys
import threading
import uuid

import structlog

from bridge.consumer import Consumer
from bridge.sweeper import Sweeper
from worker.app import make_app
from worker.errors import GrooveError
from worker.event_log.opening import open_event_log
from worker.heartbeat import Heartbeat
from worker.ledger import open_ledger
from worker.logs import configure_logs
from worker.queues import Queues
from worker.settings import Settings, load_settings

log = structlog.get_logger()

#: seconds after SIGTERM until the process ends, whatever it is waiting for: its leases then run out by themselves
STOP_SECONDS = 8.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="groove bridge", description=__doc__)
    parser.add_argument("--all-lost", action="store_true", help="the queues were emptied: send again whatever is open")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        configure_logs(settings.log)
        _run(settings, all_lost=arguments.all_lost)
    except GrooveError as error:
        sys.stderr.write(f"groove bridge: {error}\n")
        return 1
    return 0


def _run(settings: Settings, *, all_lost: bool) -> None:
    heartbeat = Heartbeat(settings, "bridge")
    consumer = _consumer(settings, heartbeat)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(consumer))
    consumer.ensure_topics()
    sweeping = threading.Thread(
        target=_sweeper(settings).run, args=(consumer.stopping,), kwargs={"all_lost": all_lost}, daemon=True
    )
    sweeping.start()
    consumer.run()
    heartbeat.stop()
    log.info("bridge_stopped")


def _consumer(settings: Settings, heartbeat: Heartbeat) -> Consumer:
    return Consumer(
        settings=settings,
        ledger=open_ledger(settings.ledger_url, quiet_seconds=settings.bridge.late_event_quiet_seconds),
        event_log=open_event_log(settings.event_log_url),
        queues=Queues(settings),
        app=make_app(settings, publisher_only=True),
        replica=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
        alive=heartbeat.beat,
    )


def _sweeper(settings: Settings) -> Sweeper:
    """With connections of its own: it works beside the consumer."""
    return Sweeper(
        settings=settings,
        ledger=open_ledger(settings.ledger_url, quiet_seconds=settings.bridge.late_event_quiet_seconds),
        event_log=open_event_log(settings.event_log_url),
        queues=Queues(settings),
        app=make_app(settings, publisher_only=True),
    )


def _stop(consumer: Consumer) -> None:
    consumer.stopping.set()
    last_resort = threading.Timer(STOP_SECONDS, os._exit, args=(0,))
    last_resort.daemon = True
    last_resort.start()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # the event log's SDK keeps threads that may abort the process while the interpreter ends
    os._exit(status)

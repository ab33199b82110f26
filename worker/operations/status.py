"""How everything stands: parts that live, queues, lag, sessions, learnings; what cannot be reached says so in its place."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from worker.errors import GrooveError
from worker.event_log.opening import open_event_log
from worker.lag import PartitionLag, partition_lags
from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.wording import told
from worker.settings import Settings
from worker.settings.masking import masked
from worker.system.clock import now_micros
from worker.task_queue.queues import Queues

Answer = dict[str, Any]


def stack_status(settings: Settings) -> Answer:
    """What cannot be reached is `{"error": why}` in its place."""
    with open_the_ledger(settings) as ledger:
        counts = ledger.counts.count()
        return {
            "version": version("groove-attribution"),
            "data": str(settings.data_dir.absolute()),
            "parts": _or_error(lambda: living_parts(settings)),
            "queued": _or_error(lambda: queue_lengths(settings)),
            "event_log": _or_error(lambda: _event_log(settings, ledger)),
            "sessions": counts.sessions,
            "overdue": counts.overdue,
            "finished_last_day": counts.finished_last_day,
            "learnings_failed": counts.entries.get("failed", 0),
            "dead_letters": counts.dead_letters,
            "messages_unsent": counts.outbox_unsent,
            "learnings": _or_error(lambda: _learnings(settings)),
        }


def living_parts(settings: Settings) -> dict[str, dict[str, int]]:
    """Bridges and workers that show life: kind -> version -> number. Raises `BrokerUnavailable`."""
    found: dict[str, Counter[str]] = {}
    for beat in Heartbeats(settings).read():
        if beat.is_fresh(now_micros()):
            found.setdefault(beat.kind, Counter())[beat.version] += 1
    return {kind: dict(numbers) for kind, numbers in found.items()}


def queue_lengths(settings: Settings) -> dict[str, int]:
    """Messages by queue. Raises `BrokerUnavailable`."""
    return Queues(settings).lengths()


def oldest_queued(settings: Settings) -> dict[str, int | None]:
    """By queue: when the work that is next in line was sent, microseconds; None for an empty one. Raises `BrokerUnavailable`."""
    queues = Queues(settings)
    return {name: queues.oldest_sent_at(name) for name in queues.lengths()}


def lags(settings: Settings, ledger: Ledger) -> list[PartitionLag]:
    """How far each partition has been read. Raises `EventLogUnavailable`."""
    event_log = open_event_log(settings.event_log_url)
    try:
        return partition_lags(settings, ledger, event_log)
    finally:
        event_log.close()


def _or_error(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except GrooveError as error:
        return {"error": told(error)}


def _event_log(settings: Settings, ledger: Ledger) -> Answer:
    found = lags(settings, ledger)
    return {
        "address": masked(settings.event_log_url),
        "partitions": len(found),
        "to_read": sum(lag.lag for lag in found),
        "rewinds": sum(lag.rewinds for lag in found),
        "gaps": sum(lag.gaps for lag in found),
    }


def _learnings(settings: Settings) -> Answer:
    with open_store(settings) as store:
        return asdict(store.status())

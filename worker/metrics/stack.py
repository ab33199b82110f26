"""How everything stands, asked anew for every scrape: the ledger, the queues, the event log, the parts' heartbeats.

Every bridge tells the same, so a dashboard takes the maximum over them. What cannot be reached says so by
`groove_reachable` and leaves its figures out, for a number of before would look like one of now.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from worker.errors import GrooveError
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog
from worker.lag import partition_lags
from worker.ledger import Ledger
from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import Settings
from worker.system.clock import SECOND, now_micros
from worker.task_queue.queues import Queues


class StackCollector(Collector):
    """On connections of its own, one scrape at a time."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings, self._ledger = settings, ledger
        self._queues, self._heartbeats = Queues(settings), Heartbeats(settings)
        self._lock = threading.Lock()
        self.registry = CollectorRegistry()
        self.registry.register(self)

    @cached_property
    def _event_log(self) -> EventLog:
        return open_event_log(self._settings.event_log_url)

    def describe(self) -> list[Metric]:
        """Nothing is asked while it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        reachable = GaugeMetricFamily("groove_reachable", "1 when the part answered", labels=["part"])
        with self._lock:
            for part, ask in (("ledger", self._work), ("broker", self._broker), ("event log", self._log)):
                try:
                    yield from list(ask())
                    reachable.add_metric([part], 1)
                except GrooveError:
                    reachable.add_metric([part], 0)
        yield reachable

    def _work(self) -> Iterator[Metric]:
        counts = self._ledger.counts.count()
        yield CounterMetricFamily("groove_events_received", "Heavy events received", counts.events)
        yield _by("groove_sessions", "Sessions by state", "state", counts.sessions)
        yield _by("groove_learnings_in_sessions", "Learnings expected of sessions, by state", "state", counts.entries)
        yield GaugeMetricFamily("groove_dead_letters", "Open dead letters", counts.dead_letters)
        yield GaugeMetricFamily("groove_sessions_overdue", "Sessions open for more than an hour", counts.overdue)
        yield _age("groove_session_oldest_seconds", "Age of the oldest open session", counts.oldest_open, counts.at)
        yield GaugeMetricFamily("groove_outbox_unsent", "Messages not published yet", counts.outbox_unsent)
        yield _age("groove_outbox_oldest_seconds", "Age of the oldest of them", counts.outbox_oldest, counts.at)

    def _broker(self) -> Iterator[Metric]:
        yield _by("groove_queue_length", "Tasks queued", "queue", self._queues.lengths())
        alive = [beat for beat in self._heartbeats.read() if beat.is_fresh(now_micros())]
        parts = GaugeMetricFamily("groove_parts", "Bridges and workers alive", labels=["part", "version"])
        for (part, version), number in Counter((beat.kind, beat.version) for beat in alive).items():
            parts.add_metric([part, version], number)
        yield parts

    def _log(self) -> Iterator[Metric]:
        lags = partition_lags(self._settings, self._ledger, self._event_log)
        yield _by("groove_log_lag", "Messages not read yet", "partition", {lag.name: lag.lag for lag in lags})
        rewinds = CounterMetricFamily("groove_log_rewinds", "Times the log lost its end", labels=["partition"])
        gaps = CounterMetricFamily("groove_log_gaps", "Times messages went unread", labels=["partition"])
        for lag in lags:
            rewinds.add_metric([lag.name], lag.rewinds)
            gaps.add_metric([lag.name], lag.gaps)
        yield from (rewinds, gaps)


def _by(name: str, text: str, label: str, numbers: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, number in numbers.items():
        family.add_metric([key], number)
    return family


def _age(name: str, text: str, since: int | None, now: int) -> Metric:
    return GaugeMetricFamily(name, text, 0 if since is None else max(0, now - since) / SECOND)

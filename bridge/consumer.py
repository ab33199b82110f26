"""Reads the partitions that this replica holds leases for, and moves each position in the transaction that stores its events.

A crash repeats a poll and never skips. Every poll begins one message before the position: that one must still carry the recorded id,
otherwise the log was rewound (a hard stop lost its unsaved tail) and the partition is read again; event ids make that harmless.
"""

import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery

from bridge.intake import HEAVY, LIGHTWEIGHT, Kind, decode
from worker import canvas
from worker.errors import BrokerUnavailable, EventLogRefused, GrooveError, LostLease, Unavailable
from worker.event_log.protocol import EventLog, LogMessage, TopicName
from worker.ledger import Lease, Ledger, SessionRef, Topic
from worker.queues import Queues
from worker.settings import Settings

log = structlog.get_logger()

#: seconds for which a partition that failed is left alone; the others go on
_REST_SECONDS = 0.5
#: longest pause between polls of an empty log
_MAX_IDLE_SECONDS = 0.5
#: seconds between two looks at the queues and the backlog
_PRESSURE_SECONDS = 0.25


def now() -> int:
    return time.time_ns() // 1000


class Consumer:
    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        event_log: EventLog,
        queues: Queues,
        app: Celery,
        replica: str,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._ledger, self._event_log, self._queues, self._app = (
            settings,
            ledger,
            event_log,
            queues,
            app,
        )
        self._replica, self._alive = replica, alive
        self._kinds: dict[TopicName, Kind] = {
            _topic(settings.streams.heavy): HEAVY,
            _topic(settings.streams.lightweight): LIGHTWEIGHT,
        }
        self.stopping = threading.Event()
        self._resting_until: dict[tuple[str, str, int], float] = {}
        self._paused_because = ""
        self._pressure_checked = 0.0

    def ensure_topics(self) -> None:
        for name in (*self._kinds, _topic(self._settings.streams.attributed)):
            self._event_log.ensure_topic(name, self._settings.streams.partitions)

    def run(self) -> None:
        """Until `stopping` is set; then the leases are given back."""
        idle = self._settings.bridge.idle_seconds
        while not self.stopping.is_set():
            busy = self._round()
            self._alive()
            idle = self._settings.bridge.idle_seconds if busy else min(idle * 2, _MAX_IDLE_SECONDS)
            if not busy:
                self.stopping.wait(idle)
        try:
            self._ledger.partitions.leave(self._replica)
        except Unavailable as error:
            log.warning("leases_not_given_back", reason=str(error))

    def _round(self) -> int:
        """One poll of every partition that is ours -> messages read."""
        try:
            if self._is_under_pressure():
                return 0
            leases = self._ledger.partitions.share_out(
                self._replica, self._topics(), lease_seconds=self._settings.bridge.lease_seconds
            )
        except EventLogRefused:
            raise
        except Unavailable as error:
            log.warning("bridge_waits", reason=str(error))
            self.stopping.wait(_REST_SECONDS)
            return 0
        return sum(self._try(lease) for lease in leases if not self.stopping.is_set())

    def _topics(self) -> list[Topic]:
        return [
            Topic(stream=name.stream, topic=name.topic, partitions=self._event_log.partitions(name))
            for name in self._kinds
        ]

    def _is_under_pressure(self) -> bool:
        if time.monotonic() < self._pressure_checked + _PRESSURE_SECONDS:
            return bool(self._paused_because)
        self._pressure_checked = time.monotonic()
        reason = self._pressure()
        if reason and not self._paused_because:
            log.warning("reading_paused", reason=reason)
        if self._paused_because and not reason:
            log.info("reading_resumed")
        self._paused_because = reason
        return bool(reason)

    def _pressure(self) -> str:
        limits = self._settings.bridge
        queued = sum(self._queues.lengths().values())
        if queued > limits.max_queue_length:
            return f"{queued} tasks queued, more than bridge.max_queue_length"
        backlog = self._ledger.sweep.backlog()
        if backlog > limits.max_backlog:
            return f"{backlog} sessions unfinished, more than bridge.max_backlog"
        return ""

    def _try(self, lease: Lease) -> int:
        place = (lease.stream, lease.topic, lease.partition)
        if time.monotonic() < self._resting_until.get(place, 0.0):
            return 0
        try:
            return self._advance(lease)
        except LostLease:
            log.info("lease_lost", stream=lease.stream, topic=lease.topic, partition=lease.partition)
        except GrooveError as error:
            log.warning("partition_rests", topic=lease.topic, partition=lease.partition, reason=str(error))
            self._resting_until[place] = time.monotonic() + _REST_SECONDS
        return 0

    def _advance(self, lease: Lease) -> int:
        name = TopicName(stream=lease.stream, topic=lease.topic)
        messages = self._read(name, lease)
        if messages is None:
            log.error(
                "log_rewound",
                stream=lease.stream,
                topic=lease.topic,
                partition=lease.partition,
                position=lease.position,
            )
            self._ledger.partitions.rewind(lease)
            return 1
        if not messages:
            return 0
        position = messages[-1].offset + 1
        gap = messages[0].offset > lease.position
        if gap:
            log.error(
                "log_gap",
                topic=lease.topic,
                partition=lease.partition,
                expected=lease.position,
                found=messages[0].offset,
            )
        sessions = self._record(self._kinds[name], lease, messages, gap)
        self._enqueue(sessions)
        if self._settings.streams.trim:
            self._event_log.trim(name, lease.partition, position - 1)
        if self._settings.streams.show_positions:
            self._event_log.show_position(name, lease.partition, position - 1)
        return len(messages)

    def _read(self, name: TopicName, lease: Lease) -> list[LogMessage] | None:
        """What follows the position; None when the log is not the one that the position belongs to."""
        limit = self._settings.bridge.batch
        if lease.last_id is None:
            return self._event_log.read(name, lease.partition, lease.position, limit)
        messages = self._event_log.read(name, lease.partition, lease.position - 1, limit + 1)
        if not messages:
            return None if self._event_log.ends(name, lease.partition).end < lease.position else []
        if messages[0].offset == lease.position - 1:
            return messages[1:] if str(messages[0].message_id) == lease.last_id else None
        return messages

    def _record(self, kind: Kind, lease: Lease, messages: list[LogMessage], gap: bool) -> list[SessionRef]:
        batch = decode(kind, messages, max_bytes=self._settings.bridge.max_message_bytes)
        sessions = self._ledger.intake.record(
            lease,
            heavy=batch.heavy,
            lightweight=batch.lightweight,
            dead=batch.dead,
            position=messages[-1].offset + 1,
            last_id=str(messages[-1].message_id),
            gap=gap,
            now=now(),
            ablation_rate=self._settings.ablation.ablation_rate if self._settings.ablation.enabled else 0.0,
        )
        for letter in batch.dead:
            log.warning(
                "dead_letter", topic=lease.topic, partition=lease.partition, offset=letter.offset, reason=letter.reason
            )
        return sessions

    def _enqueue(self, sessions: list[SessionRef]) -> None:
        """What the broker does not take now, the sweeper sends later."""
        try:
            canvas.enqueue(self._app, [canvas.prepare(self._app, ref.session_id, ref.version) for ref in sessions])
        except BrokerUnavailable as error:
            log.warning("enqueue_left_to_sweeper", sessions=len(sessions), reason=str(error))


def _topic(name: str) -> TopicName:
    stream, _, topic = name.partition("/")
    return TopicName(stream=stream, topic=topic)

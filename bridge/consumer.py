"""Reads the partitions that this replica holds leases for, and moves each position in the transaction that stores its events.

A crash repeats a read and never skips; event ids make repeats harmless. Leases are kept in the ledger and checked by their epoch in that
same transaction: a replica that was slow, or frozen, cannot move what another now owns.
"""

import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery

from bridge.backpressure import Backpressure
from bridge.decode import HEAVY, LIGHTWEIGHT, Kind, decode
from bridge.enqueue import Enqueuer
from bridge.partition import LeasedPartition, PartitionRead
from worker.errors import BrokerUnavailable, EventLogRefused, EventLogUnavailable, GrooveError, LostLease, Unavailable
from worker.event_log.protocol import EventLog, LogMessage, TopicName
from worker.ledger import Lease, Ledger, SessionRef, Topic
from worker.settings import Settings
from worker.task_queue.queues import Queues

log = structlog.get_logger()

Place = tuple[str, str, int]

#: seconds for which a partition that failed is left alone, the others going on; doubled with each further failure
_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 8.0
#: longest pause between reads of an empty log
_LONGEST_IDLE_SECONDS = 0.5
#: longest time until a replica that joins gets its share; leases are renewed at least four times within their length
_RENEW_SECONDS = 2.0


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
        alive: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`alive` is called after every round with what is waited for, if anything; a round that hangs is seen by its silence."""
        self.stopping = threading.Event()
        self._settings, self._ledger, self._event_log = settings, ledger, event_log
        self.replica, self._alive = replica, alive
        self._enqueuer = Enqueuer(app)
        self._backpressure = Backpressure(settings.bridge, ledger, queues)
        self._kinds: dict[TopicName, Kind] = {
            TopicName.parse(settings.streams.heavy): HEAVY,
            TopicName.parse(settings.streams.lightweight): LIGHTWEIGHT,
        }
        self._held: dict[Place, LeasedPartition] = {}
        self._renew_at = 0.0
        self._rests: dict[Place, _Rest] = {}
        #: why nothing can be read or enqueued just now
        self._waits_for = ""

    def ensure_topics(self) -> None:
        for name in (*self._kinds, TopicName.parse(self._settings.streams.attributed)):
            self._event_log.ensure_topic(name, self._settings.streams.partitions)

    def run(self) -> None:
        """Until `stopping` is set; then the leases are given back. Raises `EventLogRefused` when no waiting will help."""
        idle = self._settings.bridge.idle_seconds
        while not self.stopping.is_set():
            busy = self._round()
            self._alive(self._waits_for)
            idle = self._settings.bridge.idle_seconds if busy else min(idle * 2, _LONGEST_IDLE_SECONDS)
            if not busy:
                self.stopping.wait(idle)
        try:
            self._ledger.partitions.leave(self.replica)
        except Unavailable as error:
            log.warning("leases_not_given_back", reason=str(error))

    def _round(self) -> int:
        """One read of every partition that is ours -> how many had something."""
        try:
            self._renew_leases()
            self._enqueuer.send()
            is_paused = self._backpressure.is_high()
        except EventLogRefused:
            raise
        except Unavailable as error:
            self._wait(str(error))
            return 0
        self._go_on()
        if is_paused:
            return 0
        return sum(self._try(place) for place in list(self._held) if not self.stopping.is_set())

    # ---------------------------------------------------------------- leases

    def _renew_leases(self) -> None:
        """Every few seconds, for it costs a transaction; topics that went missing with the log's data are made again."""
        if time.monotonic() < self._renew_at:
            return
        length = self._settings.bridge.lease_seconds
        leases = self._ledger.partitions.share_out(self.replica, self._topics(), lease_seconds=length)
        self._renew_at = time.monotonic() + min(_RENEW_SECONDS, length / 4)
        held = {_place(lease): lease for lease in leases}
        if held.keys() != self._held.keys():
            log.info("partitions_held", replica=self.replica, partitions=[_shown(place) for place in held])
        self._held = {place: self._continued(place, lease) for place, lease in held.items()}

    def _continued(self, place: Place, lease: Lease) -> LeasedPartition:
        """Reader of a partition; kept for as long as nobody else had the partition in between."""
        known = self._held.get(place)
        if known and known.lease == lease:
            return known
        return LeasedPartition(self._event_log, lease, most=self._settings.bridge.batch)

    def _topics(self) -> list[Topic]:
        counts = {name: self._event_log.partitions(name) for name in self._kinds}
        if not all(counts.values()):
            self.ensure_topics()
            counts = {name: self._event_log.partitions(name) for name in self._kinds}
        return [Topic(stream=name.stream, topic=name.topic, partitions=count) for name, count in counts.items()]

    # ------------------------------------------------------------- partitions

    def _try(self, place: Place) -> bool:
        rest = self._rests.get(place)
        if rest and time.monotonic() < rest.until:
            return False
        try:
            self._renew_leases()
            is_busy = place in self._held and self._advance(self._held[place])
        except LostLease:
            log.info("lease_lost", partition=_shown(place))
            self._held.pop(place, None)
            return False
        except GrooveError as error:
            self._rest(place, str(error))
            return False
        if self._rests.pop(place, None):
            log.info("partition_goes_on", partition=_shown(place))
        return is_busy

    def _advance(self, partition: LeasedPartition) -> bool:
        reading = partition.read()
        if reading.is_rewound:
            self._read_again(partition)
            return True
        if not reading.messages:
            return False
        if reading.has_gap:
            first = reading.messages[0].offset
            log.error(
                "log_gap", partition=_shown_lease(partition.lease), expected=partition.lease.position, found=first
            )
        sent_at = self._ledger.now()
        sessions = self._record(partition.lease, self._kinds[partition.name], reading)
        partition.has_moved(reading.messages)
        self._enqueue(sessions, sent_at)
        self._tell_the_log(partition)
        return True

    def _read_again(self, partition: LeasedPartition) -> None:
        log.error("log_rewound", partition=_shown_lease(partition.lease), position=partition.lease.position)
        self._ledger.partitions.rewind(partition.lease)
        partition.begins_again()

    def _record(self, lease: Lease, kind: Kind, reading: PartitionRead) -> list[SessionRef]:
        batch = decode(kind, reading.messages, max_bytes=self._settings.bridge.max_message_bytes)
        last: LogMessage = reading.messages[-1]
        sessions = self._ledger.intake.record(
            lease,
            heavy=batch.heavy,
            lightweight=batch.lightweight,
            dead=batch.dead,
            position=last.offset + 1,
            last_id=str(last.message_id),
            gap=reading.has_gap,
            ablation_rate=self._settings.ablation.rate_in_force,
        )
        for letter in batch.dead:
            log.warning("dead_letter", partition=_shown_lease(lease), offset=letter.offset, reason=letter.reason)
        return sessions

    def _enqueue(self, sessions: list[SessionRef], sent_at: int) -> None:
        try:
            self._enqueuer.prepare(sessions, sent_at=sent_at)
        except BrokerUnavailable as error:
            log.warning("enqueue_delayed", sessions=len(sessions), reason=str(error))

    def _tell_the_log(self, partition: LeasedPartition) -> None:
        """Housekeeping that nothing depends on. The message before the position stays: it shows whether the log was rewound."""
        name, number, position = partition.name, partition.lease.partition, partition.lease.position
        try:
            if self._settings.streams.trim:
                self._event_log.trim(name, number, position - 1)
        except EventLogUnavailable as error:
            log.info("log_not_told", partition=_shown_lease(partition.lease), reason=str(error))

    # ---------------------------------------------------------------- trouble

    def _rest(self, place: Place, reason: str) -> None:
        """Said when it begins; the following failures are the same one."""
        known = self._rests.get(place)
        if not known:
            log.warning("partition_rests", partition=_shown(place), reason=reason)
        self._rests[place] = _Rest(seconds=min(known.seconds * 2, _LONGEST_REST_SECONDS) if known else _REST_SECONDS)

    def _wait(self, reason: str) -> None:
        if not self._waits_for:
            log.warning("bridge_waits", reason=reason)
            self._waits_for = reason
        self.stopping.wait(_REST_SECONDS)

    def _go_on(self) -> None:
        if self._waits_for:
            log.info("bridge_goes_on")
        self._waits_for = ""


class _Rest:
    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self.until = time.monotonic() + seconds


def _place(lease: Lease) -> Place:
    return lease.stream, lease.topic, lease.partition


def _shown(place: Place) -> str:
    return "/".join(map(str, place))


def _shown_lease(lease: Lease) -> str:
    return _shown(_place(lease))

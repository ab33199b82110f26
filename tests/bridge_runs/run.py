"""One run: events are published while the log, the bridges, or both are hurt; then everything must be in the ledger."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

from sqlalchemy import create_engine, select

from bridge_runs.bridges import Bridges
from bridge_runs.events import event_id, heavy_event, message_id, session_id, timestamp
from bridge_runs.logs import TOPICS, HurtableLog
from worker.errors import EventLogUnavailable
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog
from worker.ledger import open_ledger, schema
from worker.ledger.blob import unpack

T = TypeVar("T")
PARTITIONS = 6
LEASE_SECONDS = 2.0
HEAVY = TOPICS[0]


@dataclass(kw_only=True)
class Found:
    seed: int
    events: int = 0
    #: of them, still in the log at the end; and messages there, copies counted
    in_log: int = 0
    messages: int = 0
    in_ledger: int = 0
    #: in the log and not in the ledger
    missing: int = 0
    #: in the ledger and never published, or with other bytes than were published; sessions in another version than a quiet run's
    wrong: int = 0
    rewinds: int = 0
    gaps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    bridges: int = 0
    seconds: float = 0.0
    #: statuses and seconds of the bridges stopped at the end
    ends: list[tuple[int, float]] = field(default_factory=list)
    #: lines of bridges that ended in one
    tracebacks: list[str] = field(default_factory=list)
    #: bridges that ended by themselves and were started again
    restarts: int = 0

    @property
    def is_well(self) -> bool:
        ended = all(status == 0 and seconds < 10 for status, seconds in self.ends)
        return not (self.missing or self.wrong or self.tracebacks) and ended

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        slowest = max((seconds for _, seconds in self.ends), default=0.0)
        statuses = sorted({status for status, _ in self.ends})
        return (
            f"seed {self.seed}: published {self.events}, in the log {self.in_log} ({self.messages} messages), "
            f"in the ledger {self.in_ledger}, missing {self.missing}, wrong {self.wrong}, rewinds {self.rewinds}, "
            f"gaps {self.gaps}, bridges {self.bridges} ({self.restarts} restarted), stopped with {statuses} "
            f"in {slowest:.1f} s at most, {self.seconds:.0f} s; {faults}"
        )


@dataclass(kw_only=True)
class FaultRun:
    seed: int
    log: HurtableLog
    broker_url: str
    ledger_url: str
    folder: Path
    events: int = 600
    replicas: int = 3
    #: of publishing, over which the faults are spread
    seconds: float = 8.0

    def run(self) -> Found:
        self._found = Found(seed=self.seed, events=self.events)
        begun = time.monotonic()
        self.log.prepare(PARTITIONS)
        self._ledger = open_ledger(self.ledger_url)
        self._engine = create_engine(self.ledger_url.replace("postgresql://", "postgresql+psycopg://"))
        bridges = Bridges(folder=self.folder, settings=self._settings())
        try:
            for _ in range(self.replicas):
                bridges.start()
            self._work(bridges)
        finally:
            bridges.kill_all()
            self._ledger.dispose()
            self._engine.dispose()
        self._found.bridges = bridges.started
        self._found.seconds = time.monotonic() - begun
        return self._found

    def _settings(self) -> dict[str, str]:
        return {
            "GROOVE_EVENT_LOG": self.log.url,
            "GROOVE_BROKER": self.broker_url,
            "GROOVE_LEDGER": self.ledger_url,
            "GROOVE_DATA_DIR": str(self.folder / "data"),
            "GROOVE_STREAMS__PARTITIONS": str(PARTITIONS),
            "GROOVE_BRIDGE__LEASE_SECONDS": str(LEASE_SECONDS),
            "GROOVE_BRIDGE__BATCH": str(random.Random(self.seed).choice((1, 7, 50, 200))),
        }

    def _work(self, bridges: Bridges) -> None:
        wait_for(self._all_held, 60)
        published = Event()
        publisher = Thread(target=self._publish, args=(published,))
        publisher.start()
        self._hurt(bridges, published)
        publisher.join()
        wait_for(lambda: bridges.supervise() or not self._missing(), 90)
        self._found.ends += [bridges.stop(process) for process in list(bridges.running)]
        self._found.tracebacks = bridges.tracebacks()
        self._found.restarts = len(bridges.statuses)
        self._compare()

    def _publish(self, published: Event) -> None:
        """Every event until it is acknowledged, as an assessor would."""
        chance = random.Random(self.seed + 1)
        with closing(open_event_log(self.log.url, deadline=5)) as log:
            for number in range(self.events):
                payload = heavy_event(number)
                insist(
                    partial(
                        log.publish, HEAVY, key=session_id(payload), message_id=message_id(payload), payload=payload
                    )
                )
                time.sleep(chance.uniform(0, 2 * self.seconds / self.events))
        published.set()

    def _hurt(self, bridges: Bridges, published: Event) -> None:
        chance = random.Random(self.seed)
        while not published.wait(chance.uniform(0.2, 1.5)):
            kind = chance.random()
            what = self.log.hurt(chance) if kind < 0.5 else self._hurt_bridge(bridges, chance)
            self._found.faults[what] += 1
            bridges.supervise()

    def _hurt_bridge(self, bridges: Bridges, chance: random.Random) -> str:
        victim = chance.choice(bridges.running)
        if victim.poll() is not None:
            return "no bridge to hurt"
        kind = chance.random()
        if kind < 0.5:
            bridges.kill(victim)
            bridges.start()
            return "bridge killed"
        if kind < 0.75:
            self._found.ends.append(bridges.stop(victim))
            bridges.start()
            return "bridge stopped, another joined"
        Thread(target=bridges.freeze, args=(victim, LEASE_SECONDS * 1.5)).start()
        return "bridge frozen past its lease"

    # -------------------------------------------------------------- looking

    def _all_held(self) -> bool:
        owners = [state.owner for state in self._ledger.partitions.states()]
        return len(owners) == 2 * PARTITIONS and None not in owners

    def _received(self) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.scalars(select(schema.Event.event_id)))

    def _stored(self) -> dict[str, bytes]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.Payload.event_id, schema.Payload.payload))
            return {row.event_id: unpack(row.payload) for row in rows}

    def _sessions(self) -> set[tuple[str, str, int]]:
        with self._engine.connect() as connection:
            columns = (schema.Session.session_id, schema.Session.event_id, schema.Session.attempt)
            return {(row.session_id, row.event_id, row.attempt) for row in connection.execute(select(*columns))}

    def _logged(self) -> list[bytes]:
        """Payloads, partition by partition."""
        with closing(open_event_log(self.log.url, deadline=5)) as log:
            return [payload for partition in range(PARTITIONS) for payload in self._payloads(log, partition)]

    def _payloads(self, log: EventLog, partition: int) -> list[bytes]:
        return [message.payload for message in insist(lambda: log.read(HEAVY, partition, 0, 100_000))]

    def _missing(self) -> set[str]:
        return {event_id(payload) for payload in self._logged()} - self._received()

    def _compare(self) -> None:
        logged, received = self._logged(), self._received()
        published = {event_id(payload): payload for payload in map(heavy_event, range(self.events))}
        found, in_log = self._found, {event_id(payload) for payload in logged}
        found.messages, found.in_log, found.in_ledger = len(logged), len(in_log), len(received)
        found.missing = len(in_log - received)
        stored = self._stored()
        found.wrong = len(received - published.keys()) + sum(stored[each] != published[each] for each in stored)
        found.wrong += len(self._sessions() ^ newest(published[each] for each in received & published.keys()))
        states = self._ledger.partitions.states()
        found.rewinds, found.gaps = sum(state.rewinds for state in states), sum(state.gaps for state in states)


def newest(payloads: Iterable[bytes]) -> set[tuple[str, str, int]]:
    """What the sessions must look like after these events, however often and in whatever order they were read: nothing done twice."""
    by_session = {session_id(each): each for each in sorted(payloads, key=timestamp)}
    return {(session, event_id(each), 1) for session, each in by_session.items()}


def insist(call: Callable[[], T]) -> T:
    """Until it goes through: the log may be away just now."""
    while True:
        try:
            return call()
        except EventLogUnavailable:
            time.sleep(0.05)


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)

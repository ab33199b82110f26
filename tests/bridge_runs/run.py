"""One run: events are published while everything is hurt; then all of them must be in the ledger, and the values right."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from bridge_runs.bridges import Bridges
from bridge_runs.content import Content
from bridge_runs.events import event_id, session_id, timestamp
from bridge_runs.found import Found
from bridge_runs.logs import ATTRIBUTED, HEAVY, LIGHTWEIGHT, HurtableLog
from bridge_runs.publishing import by_chance, events_of, messages_in, publish, wait_for
from bridge_runs.quiet import quiet_values
from bridge_runs.stack import LEASE_SECONDS, PARTITIONS, Stack
from worker.event_log.protocol import TopicName
from worker.formats.wire import derived_id

#: until everything is finished once nothing is hurt any more
PATIENCE = 200.0


@dataclass(kw_only=True)
class FaultRun:
    seed: int
    log: HurtableLog
    broker_url: str
    ledger_url: str
    folder: Path
    #: heavy events; lightweight ones come with them
    events: int = 600
    replicas: int = 3
    #: of publishing, over which the faults are spread
    seconds: float = 8.0
    found: Found = field(init=False)

    def run(self) -> Found:
        self.found = Found(seed=self.seed)
        begun = time.monotonic()
        self.log.prepare(PARTITIONS)
        batch = random.Random(self.seed).choice((1, 7, 50, 200))
        stack = Stack(
            folder=self.folder,
            log_url=self.log.url,
            broker_url=self.broker_url,
            ledger_url=self.ledger_url,
            batch=batch,
        )
        with Content(self.ledger_url) as content:
            with stack.running(self.replicas):
                self._work(stack, content)
                self._compare(content)
                values = stack.values()
            self.found.seconds = time.monotonic() - begun
            self._compare_values(content, {value["learning_id"]: value for value in values})
        return self.found

    def _work(self, stack: Stack, content: Content) -> None:
        bridges = stack.bridges
        wait_for(bridges.supervised(lambda: self._all_held(content) and stack.is_working()), 60)
        published = Event()
        publisher = Thread(target=self._publish, args=(published,))
        publisher.start()
        self._hurt(bridges, published)
        publisher.join()
        if not wait_for(bridges.supervised(lambda: self._is_done(content)), PATIENCE):
            self.found.unfinished = f"after {PATIENCE:g} s: {content.counts()}; {stack.last_words()}"
        self.found.ends += [bridges.stop(process) for process in list(bridges.running)]
        self.found.bridges, self.found.restarts = bridges.started, len(bridges.statuses)
        self.found.tracebacks = bridges.tracebacks()

    def _publish(self, published: Event) -> None:
        events = events_of(self.events)
        self.found.events = len(events)
        publish(self.log.url, events, by_chance(self.seed + 1, self.seconds / len(events)))
        published.set()

    def _hurt(self, bridges: Bridges, published: Event) -> None:
        chance = random.Random(self.seed)
        while not published.wait(chance.uniform(0.2, 1.5)):
            kind = chance.random()
            what = self.log.hurt(chance) if kind < 0.5 else self._hurt_bridge(bridges, chance)
            self.found.faults[what] += 1
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
            self.found.ends.append(bridges.stop(victim))
            bridges.start()
            return "bridge stopped, another joined"
        Thread(target=bridges.freeze, args=(victim, LEASE_SECONDS * 1.5)).start()
        return "bridge frozen past its lease"

    # -------------------------------------------------------------- looking

    def _all_held(self, content: Content) -> bool:
        owners = [state.owner for state in content.partitions()]
        return len(owners) == 2 * PARTITIONS and None not in owners

    def _logged(self, topic: TopicName) -> list[bytes]:
        return [message.payload for message in messages_in(self.log.url, topic, PARTITIONS)]

    def _is_done(self, content: Content) -> bool:
        """All that is in the log is in the ledger, and the ledger is finished with it."""
        if not content.is_finished():
            return False
        heavy = {event_id(payload) for payload in self._logged(HEAVY)}
        heard = {str(derived_id(payload)) for payload in self._logged(LIGHTWEIGHT)}
        return heavy <= content.received() and heard <= content.lightweight().keys() and content.is_finished()

    def _compare(self, content: Content) -> None:
        """Everything in the log once, with its bytes, and nothing else; every session once."""
        found, published = self.found, events_of(self.events)
        ids: dict[TopicName, Callable[[bytes], str]] = {
            HEAVY: event_id,
            LIGHTWEIGHT: lambda payload: str(derived_id(payload)),
        }
        payloads, lightweight = content.payloads(), content.lightweight()
        stored: dict[TopicName, Mapping[str, bytes | None]] = {HEAVY: payloads, LIGHTWEIGHT: lightweight}
        for topic, id_of in ids.items():
            logged = [id_of(payload) for payload in self._logged(topic)]
            ours = {id_of(payload): payload for where, payload in published if where == topic}
            found.messages += len(logged)
            found.in_log += len(set(logged))
            found.in_ledger += len(stored[topic])
            found.missing += len(set(logged) - stored[topic].keys())
            found.wrong += [f"other bytes: {id_}" for id_, payload in stored[topic].items() if payload != ours.get(id_)]
        found.wrong += [f"event without payload: {id_}" for id_ in content.received() ^ payloads.keys()]
        sessions, heard = content.sessions(), lightweight.values()
        in_force = {(each.session_id, each.event_id) for each in sessions}
        found.wrong += [f"not the newest: {each}" for each in in_force ^ newest(payloads.values())]
        reopened = {session_id(payload) for payload in heard if payload}
        found.wrong += [f"twice: {each}" for each in sessions if each.attempt != 1 and each.session_id not in reopened]
        found.given_up = content.failures()
        states = content.partitions()
        found.rewinds, found.gaps = sum(state.rewinds for state in states), sum(state.gaps for state in states)
        self._compare_published(content)

    def _compare_published(self, content: Content) -> None:
        """A copy of a message is the same message; where the log loses nothing, none is missing."""
        expected = content.outbox()
        there = {(str(m.message_id), m.payload) for m in messages_in(self.log.url, ATTRIBUTED, PARTITIONS)}
        self.found.wrongly_published = sum(expected.get(id_) != payload for id_, payload in there)
        if self.log.keeps:
            self.found.unpublished = len(expected.keys() - {id_ for id_, _ in there})

    def _compare_values(self, content: Content, values: dict[str, object]) -> None:
        received = [*content.payloads().values(), *(each for each in content.lightweight().values() if each)]
        quiet = {value["learning_id"]: value for value in quiet_values(self.events, received)}
        self.found.values = len(quiet)
        self.found.differing = sum(values.get(id_) != quiet.get(id_) for id_ in quiet.keys() | values.keys())


def newest(payloads: Iterable[bytes]) -> set[tuple[str, str]]:
    """Which event is in force in each session, however often and in whatever order they were read."""
    by_session = {session_id(each): each for each in sorted(payloads, key=timestamp)}
    return {(session, event_id(each)) for session, each in by_session.items()}

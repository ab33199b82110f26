"""One run: feed a stack, hurt it, wait until it has finished everything, and compare it with the undisturbed run."""

import json
import random
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from acceptance.small_sessions import LEARNINGS, sessions, write_events, write_learnings

from chaos.clock import Clocks
from chaos.faults import FAULTS, Fault
from chaos.parts import EMBEDDED, Parts
from chaos.poison import REASONS
from chaos.row import Row
from chaos.stack import ChaosStack

#: what must have ended; sessions that are finished or dead have
_OPEN = ("received", "waiting", "attributing")
#: every so many sessions has the poisonous learning too
_POISONED = 20

Events = list[dict[str, Any]]
Values = list[dict[str, Any]]


@dataclass(kw_only=True)
class Undisturbed:
    """The values that every run has to end with, by the events that were not lost."""

    folder: Path
    count: int
    _known: dict[frozenset[str], Values] = field(default_factory=dict)

    def values(self, kept: set[str] | None = None) -> Values:
        events = [event for event in sessions(self.count) if kept is None or event["event_id"] in kept]
        key = frozenset(event["event_id"] for event in events)
        if key not in self._known:
            self._known[key] = self._run(events)
        return self._known[key]

    def _run(self, events: Events) -> Values:
        stack = ChaosStack(folder=self.folder / f"undisturbed-{len(self._known)}")
        stack.start()
        try:
            stack.groove("learnings", "import", write_learnings(stack.folder / "learnings.jsonl"))
            _publish(stack, events)
            stack.wait(lambda: _is_finished(stack, len(events)), "the undisturbed run is finished", 600)
            failed = stack.ledger.retries.failed_entries()
            assert not failed, f"nothing was done to it, and yet: {failed[0]}"
            return stack.values()
        finally:
            stack.stop()


def chaos_run(
    folder: Path, name: str, seed: int, expected: Undisturbed, *, parts: Parts = EMBEDDED, seconds: float = 300
) -> Row:
    """Raises `AssertionError` when it does not come to an end within `seconds`, twice: until all is received, and until it is finished."""
    return _Run(folder, name, seed, expected, parts, seconds).run()


class _Run:
    def __init__(self, folder: Path, name: str, seed: int, expected: Undisturbed, parts: Parts, seconds: float) -> None:
        self.name, self.seed, self.expected, self.patience = name, seed, expected, seconds
        self.fault: Fault = FAULTS[name]
        self.chance = random.Random(f"{name}-{seed}")
        folder.mkdir(parents=True, exist_ok=True)
        clocks = Clocks(folder=folder / "clocks") if self.fault.is_clocked else None
        if clocks:
            clocks.make()
        self.stack = ChaosStack(folder=folder, parts=parts, clocks=clocks, more=self._settings())
        if parts.log:
            parts.log.prepare(is_safe=not self.fault.loses_events)
        self.events = sessions(expected.count)
        self.poisoned = self._poison()

    def run(self) -> Row:
        with _small_disk(self.stack.folder / ".groove") if self.fault.has_small_disk else nullcontext():
            self.stack.start()
            try:
                return self._run()
            finally:
                self.stack.stop()

    def _run(self) -> Row:
        stack = self.stack
        self._import_learnings()
        mixed = [*self.events, *self.chance.sample(self.events, len(self.events) // 10)]
        self.chance.shuffle(mixed)
        if self.fault.loses_events:
            self._hurt_while_events_come(mixed)
        else:
            _publish(stack, mixed)
            stack.wait(lambda: stack.counts().events == len(self.events), "the ledger has every event", self.patience)
            for _ in range(self.fault.times):
                time.sleep(self.chance.uniform(0.3, 2.0))
                self.fault.hurt(stack, self.chance)
        healed = time.monotonic()
        stack.wait(self._is_finished, f"all is finished after {self.name}, seed {self.seed}", self.patience)
        return self._row(time.monotonic() - healed)

    def _hurt_while_events_come(self, events: Events) -> None:
        half, step = len(events) // 2, len(events) // (2 * self.fault.times)
        self._publish_in_the_end(events[:half])
        for number in range(self.fault.times):
            begin = half + number * step
            self._publish_in_the_end(events[begin : begin + step])
            time.sleep(self.chance.uniform(0.0, 1.0))
            self.fault.hurt(self.stack, self.chance)

    def _publish_in_the_end(self, events: Events) -> None:
        """As an assessor does: what the event log, which is just being started again, does not take is sent again."""
        self.stack.wait(lambda: _is_published(self.stack, events), "the event log takes events", self.patience)

    def _is_finished(self) -> bool:
        if not self.fault.loses_events:
            return _is_finished(self.stack, len(self.events))
        topic = self.stack.settings.streams.heavy
        logged = {json.loads(message.payload)["event_id"] for message in self.stack.logged(topic)}
        received = self.stack.received()
        return logged <= received and _is_finished(self.stack, len(received))

    # ---------------------------------------------------------------- poison

    def _settings(self) -> dict[str, str]:
        """More tries than kills: one that every kill happens to strike would rightly be given up."""
        if self.fault.poison:
            return {"GROOVE_ACTIVATION__DETECTOR": "chaos.poison:PoisonousDetector"}
        return {"GROOVE_WORKER__MAX_TRIES": str(max(3, self.fault.times + 1))}

    def _poison(self) -> set[str]:
        """-> sessions that have it."""
        chosen = self.events[::_POISONED] if self.fault.poison else []
        for event in chosen:
            event["active_learnings"] = [*event["active_learnings"], f"always-{self.fault.poison}"]
        return {event["session_id"] for event in chosen}

    def _import_learnings(self) -> None:
        path = write_learnings(self.stack.folder / "learnings.jsonl")
        if self.poisoned:
            learning = {"learning_id": f"always-{self.fault.poison}", "category": "preference", "insight": "Be it"}
            with path.open("a") as file:
                file.write(json.dumps(learning) + "\n")
        self.stack.groove("learnings", "import", path)

    def _wrong_failures(self) -> int:
        failed = self.stack.ledger.retries.failed_entries()
        right = {
            entry.session_id
            for entry in failed
            if entry.learning_id == f"always-{self.fault.poison}" and REASONS[self.fault.poison] in entry.reason
        }
        return len(failed) - len(right) + len(self.poisoned ^ right)

    def _values(self) -> Values:
        """Without the poisonous learning's, which nothing is known of."""
        found = self.stack.values()
        if self.poisoned:
            found = [each for each in found if each["learning_id"] in LEARNINGS or each["session_count"]]
        return found

    # ---------------------------------------------------------------- looking

    def _row(self, seconds: float) -> Row:
        stack = self.stack
        stack.wait(stack.is_whole, "every part answers")
        runs = len(re.findall(rb"Task groove.attribute_learning\[[^]]+\] succeeded", stack.log.read_bytes()))
        values, kept = self._values(), stack.received()
        known = {event["session_id"]: event for event in self.events if event["event_id"] in kept}
        learnings = sum(len(event["active_learnings"]) for event in known.values())
        published = self._published(set(known))
        expected = self.expected.values(kept)
        return Row(
            fault=self.name,
            parts=stack.parts.name,
            seed=self.seed,
            sessions=len(known),
            finished=stack.counts().sessions.get("finished", 0),
            published_none=sum(not published.copies[session] for session in known),
            published_once=sum(published.copies[session] == 1 for session in known),
            published_more=sum(published.copies[session] > 1 for session in known),
            wrong_ids=published.wrong_ids,
            extra_runs=max(0, runs - learnings),
            identical=values == expected,
            wrong_failures=self._wrong_failures(),
            seconds=seconds,
            note="; ".join([*self._notes(len(known), published), *_differences(values, expected)]),
        )

    def _published(self, known: set[str]) -> "_Published":
        """What the log lost, an operator sends again from the ledger's outbox."""
        published = _Published.of(self.stack)
        missing = sum(not published.copies[session] for session in known)
        if missing and self.fault.loses_published:
            self.stack.groove("outbox", "resend", "--since", "2000-01-01T00:00:00Z")
            published = _Published.of(self.stack)
            published.sent_again = missing
        return published

    def _notes(self, known: int, published: "_Published") -> Iterator[str]:
        if self.poisoned:
            yield f"failed in {len(self.poisoned)} sessions, with its reason"
        elsewhere = {entry.reason for entry in self.stack.ledger.retries.failed_entries()}
        if given_up := sorted(reason for reason in elsewhere if REASONS.get(self.fault.poison, "\0") not in reason):
            yield f"given up: {', '.join(given_up)}"
        if gone := len(self.events) - known:
            yield f"{gone} events were lost before they were read"
        if rewinds := sum(state.rewinds for state in self.stack.ledger.partitions.states()):
            yield f"{rewinds} rewinds noticed"
        if published.sent_again:
            yield f"{published.sent_again} messages lost with the log, sent again with `groove outbox resend`"


@dataclass(kw_only=True)
class _Published:
    copies: Counter[str]
    wrong_ids: int
    sent_again: int = 0

    @classmethod
    def of(cls, stack: ChaosStack) -> "_Published":
        copies, ids, attempts = Counter[str](), defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        for message in stack.logged(stack.settings.streams.attributed):
            body = json.loads(message.payload)
            attempt, id_ = f"{body['event_id']} {body['attempt']}", str(message.message_id)
            copies[body["session_id"]] += 1
            ids[attempt].add(id_)
            attempts[id_].add(attempt)
        wrong = sum(len(found) != 1 for found in (*ids.values(), *attempts.values()))
        return cls(copies=copies, wrong_ids=wrong)


def _differences(found: Values, expected: Values) -> Iterator[str]:
    """The first of each learning's."""
    nothing: dict[str, Any] = {}
    for ours, theirs in zip_longest(found, expected, fillvalue=nothing):
        different = [name for name in ours | theirs if ours.get(name) != theirs.get(name)]
        for name in different[:1]:
            learning = ours.get("learning_id") or theirs.get("learning_id")
            yield f"{learning}: {name} {ours.get(name)} instead of {theirs.get(name)}"


def _publish(stack: ChaosStack, events: Events) -> None:
    stack.groove("publish", write_events(stack.folder / "events.jsonl", events))


def _is_published(stack: ChaosStack, events: Events) -> bool:
    try:
        _publish(stack, events)
    except AssertionError as error:
        if "cannot be reached" not in str(error):
            raise
        return False
    return True


def _is_finished(stack: ChaosStack, count: int) -> bool:
    counts = stack.counts()
    is_open = sum(counts.sessions.get(state, 0) for state in _OPEN) + counts.outbox_unsent
    return counts.events >= count and not is_open


@contextmanager
def _small_disk(place: Path) -> Iterator[None]:
    """A disk of 256 MB in memory, mounted at `place`."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=700", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)

"""One run: feed a stack, hurt it, wait until it has finished everything, and compare it with the undisturbed run."""

import contextlib
import json
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance.small_sessions import LEARNINGS, sessions, write_events, write_learnings

from chaos.faults import DISK_FULL, FAULTS
from chaos.stack import ChaosStack

#: what must have ended; sessions that are finished or dead have
_OPEN = ("received", "waiting", "attributing")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    fault: str
    seed: int
    sessions: int
    finished: int
    #: sessions that the ledger knows and that were published never, once, more often; copies of one attempt share their id
    published_none: int
    published_once: int
    published_more: int
    #: messages of one attempt that did not carry one id
    wrong_ids: int
    extra_runs: int
    identical: bool
    #: from the last fault until all was finished
    seconds: float

    @property
    def is_well(self) -> bool:
        return self.finished == self.sessions and not self.published_none and not self.wrong_ids and self.identical

    def __str__(self) -> str:
        published = f"{self.published_none}/{self.published_once}/{self.published_more}"
        lost = self.sessions - self.finished
        return (
            f"| {self.fault} | {self.seed} | {self.sessions} | {self.finished} | {lost} | {published} | {self.extra_runs} "
            f"| {'yes' if self.identical else 'NO'} | {self.seconds:.1f} |"
        )


HEADER = (
    "| fault | seed | sessions | finished | lost | published none/once/more | extra task runs | values identical | seconds to recover |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def undisturbed_values(folder: Path, count: int) -> Any:
    """The values that every run has to end with."""
    stack = ChaosStack(folder=folder)
    stack.start()
    try:
        _feed(stack, sessions(count))
        stack.wait(lambda: _is_finished(stack, count), "the undisturbed run is finished", 300)
        return stack.values()
    finally:
        stack.stop()


def chaos_run(folder: Path, fault: str, seed: int, count: int, expected: Any, *, seconds: float = 300) -> Row:
    chance = random.Random(f"{fault}-{seed}")
    stack = ChaosStack(folder=folder)
    with _small_disk(folder / ".groove") if fault == DISK_FULL else contextlib.nullcontext():
        return _run(stack, fault, seed, count, expected, chance, seconds)


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[None]:
    """A disk of 256 MB in memory, mounted at `place`."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=700", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def _run(
    stack: ChaosStack, fault: str, seed: int, count: int, expected: Any, chance: random.Random, seconds: float
) -> Row:
    hurt, times = FAULTS[fault]
    stack.start()
    try:
        events = sessions(count)
        mixed = [*events, *chance.sample(events, count // 10)]
        chance.shuffle(mixed)
        _feed(stack, mixed)
        stack.wait(lambda: stack.counts().events == count, "the ledger has every event", seconds)
        for _ in range(times):
            time.sleep(chance.uniform(0.3, 2.0))
            hurt(stack, chance)
        healed = time.monotonic()
        stack.wait(lambda: _is_finished(stack, count), f"all is finished after {fault}, seed {seed}", seconds)
        return _row(stack, fault, seed, count, expected, time.monotonic() - healed)
    finally:
        stack.stop()


def _feed(stack: ChaosStack, events: list[dict[str, Any]]) -> None:
    stack.groove("learnings", "import", write_learnings(stack.folder / "learnings.jsonl"))
    stack.groove("publish", write_events(stack.folder / "events.jsonl", events))


def _is_finished(stack: ChaosStack, count: int) -> bool:
    counts = stack.counts()
    is_open = sum(counts.sessions.get(state, 0) for state in _OPEN) + counts.outbox_unsent
    return counts.events >= count and not is_open


def _row(stack: ChaosStack, fault: str, seed: int, count: int, expected: Any, seconds: float) -> Row:
    stack.wait(stack.processes, "the stack runs")
    values = stack.values()
    copies, ids = Counter[str](), dict[str, set[str]]()
    for message in stack.published():
        body = json.loads(message.payload)
        copies[body["session_id"]] += 1
        ids.setdefault(f"{body['event_id']} {body['attempt']}", set()).add(str(message.message_id))
    known = [f"session-{number}" for number in range(count)]
    # what the broker's lost disk held was published once and is gone with it
    none = 0 if fault == "broker and its data lost" else sum(not copies[session] for session in known)
    runs = len(re.findall(rb"Task groove.attribute_learning\[[^]]+\] succeeded", stack.log.read_bytes()))
    return Row(
        fault=fault,
        seed=seed,
        sessions=count,
        finished=stack.counts().sessions.get("finished", 0),
        published_none=none,
        published_once=sum(copies[session] == 1 for session in known),
        published_more=sum(copies[session] > 1 for session in known),
        wrong_ids=sum(len(found) != 1 for found in ids.values()),
        extra_runs=max(0, runs - count * len(LEARNINGS)),
        identical=values == expected,
        seconds=seconds,
    )

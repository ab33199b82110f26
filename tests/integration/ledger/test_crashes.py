"""Processes that are killed in the middle of what they do: nothing is lost, nothing happens twice."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fixtures.ledger import heavy

from worker.ledger import Ledger, SessionRef

PROGRAMS = Path(__file__).with_name("programs")
TESTS = Path(__file__).parents[2]


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS / program), *arguments], env=environment, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def until(reached: Callable[[], int], target: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the number is reached; the process must be at work all the while."""
    deadline = time.monotonic() + 60
    while reached() < target:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.02)


@pytest.mark.parametrize("seed", [1])
def test_readers_killed_in_mid_batch(ledger: Ledger, ledger_url: str, seed: int) -> None:
    """Whoever dies at whichever moment, the next one takes the partition over and the ledger ends with every event once."""
    chance = random.Random(seed)

    def events() -> int:
        return ledger.counts.count().events

    for number in range(3):
        stop_at = events() + chance.randint(5, 60)
        with running("feeder.py", ledger_url, f"replica {number}") as process:
            until(events, stop_at, process)
        [state] = ledger.partitions.states()
        assert state.position == events(), "events and position moved apart"
    with running("feeder.py", ledger_url, "last") as process:
        assert process.wait(timeout=60) == 0, process.stderr and process.stderr.read().decode()
    assert events() == 300
    newest = {f"session {number % 100}": f"event {number}" for number in range(300)}
    found = {name: ledger.history.session_detail(name).version.event_id for name in newest}
    assert found == newest


@pytest.mark.parametrize("seed", [1])
def test_workers_killed_in_mid_session(
    ledger: Ledger, ledger_url: str, receive: Callable[..., list[SessionRef]], seed: int
) -> None:
    """Two at a time, killed again and again: every session finishes, with all its learnings and exactly one message."""
    chance = random.Random(seed)
    receive(*[heavy(f"s{number}") for number in range(60)])

    def finished() -> int:
        return ledger.counts.count().sessions.get("finished", 0)

    for _ in range(2):
        with running("finisher.py", ledger_url) as one, running("finisher.py", ledger_url) as other:
            until(finished, finished() + chance.randint(3, 15), one)
            assert other.poll() is None
    with running("finisher.py", ledger_url) as process:
        assert process.wait(timeout=60) == 0, process.stderr and process.stderr.read().decode()
    counts = ledger.counts.count()
    assert counts.sessions == {"finished": 60}
    assert counts.entries == {"done": 180}
    assert set(Counter(message.key for message in ledger.outbox.unsent(1000)).values()) == {1}
    assert counts.outbox_unsent == 60

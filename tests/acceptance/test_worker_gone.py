"""A worker that dies or freezes over a preparation is missed by its sign of life, minutes before the preparation's time limit."""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.waiting import wait_until

from worker.liveness.broker_heartbeat import Heartbeats
from worker.settings import load_settings

#: the worker holds the session until there is a store, and only silence can give it away: a preparation may take ten minutes
QUICK = {
    "GROOVE_WORKER__PATIENCE_SECONDS": "600",
    "GROOVE_WORKER__PREPARE_SOFT_TIME_LIMIT": "600",
    "GROOVE_SWEEPER__SILENCE_SECONDS": "2",
    "GROOVE_SWEEPER__INTERVAL_SECONDS": "0.5",
}


class Stack:
    """Parts on the test's broker, one by one; the store comes when the test says so."""

    def __init__(self, groove: Groove, broker_url: str) -> None:
        self.groove = groove
        self.settings: dict[str, Any] = {"GROOVE_BROKER": broker_url} | QUICK
        self.heartbeats = Heartbeats(load_settings(groove.environ(**self.settings)))

    def start_worker(self, name: str) -> psutil.Process:
        started = self.groove.start("worker", "--queues", "attribution,embedding", "--name", name, **self.settings)
        return psutil.Process(started.pid)

    def start(self, part: str) -> None:
        self.groove.start(part, **self.settings)

    def run(self, *arguments: str | Path) -> str:
        return self.groove(*arguments, **self.settings)

    def held_by(self, name: str) -> list[str]:
        return [
            ref.session_id for beat in self.heartbeats.read() for ref in beat.held if beat.part.startswith(f"{name}@")
        ]

    def story(self) -> Any:
        return json.loads(self.run("sessions", "show", "session-0", "--json"))

    def wait_for_step(self, step: str, what: str, *, seconds: float) -> None:
        """Fails with all that is known of the session, and at once when it was given up."""

        def is_there() -> bool:
            story = self.story()
            assert story["state"] != "failed", f"given up before {what}"
            return step in [line["step"] for line in story["steps"]]

        try:
            wait_until(is_there, what, seconds=seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{json.dumps(self.story(), indent=1)}") from late


@pytest.fixture
def stack(groove: Groove, broker_url: str) -> Iterator[Stack]:
    yield Stack(groove, broker_url)
    groove.end()


def everybody(worker: psutil.Process) -> list[psutil.Process]:
    """The worker and its children."""
    return [*worker.children(recursive=True), worker]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP])
def test_another_worker_does_it(fate: signal.Signals, stack: Stack, tmp_path: Path) -> None:
    """Killed or frozen, its session is sent again and finished by another; one that wakes up later changes nothing."""
    first = stack.start_worker("first")
    stack.start("bridge")
    stack.run("publish", write_events(tmp_path / "events.jsonl", sessions(1)))
    wait_until(lambda: stack.held_by("first") == ["session-0"], "the first worker holds the session", seconds=120)
    processes = everybody(first)
    for process in processes:
        process.send_signal(fate)
    stack.wait_for_step("sent again", "its silence was noticed", seconds=60)
    stack.start("store")
    stack.run("learnings", "import", write_learnings(tmp_path / "learnings.jsonl"))
    stack.start_worker("second")
    stack.wait_for_step("finished", "the second worker finished it", seconds=120)
    values = stack.run("values", "--json")
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
    if fate is signal.SIGSTOP:
        wait_until(lambda: not stack.held_by("first"), "the first worker came to its end of it", seconds=120)
    story = stack.story()
    assert story["state"] == "finished"
    assert len(story["outbox"]) == 1
    assert stack.run("values", "--json") == values

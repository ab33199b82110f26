"""`groove tail` on Iggy: it waits for its topic and says so, shows every session as it is published, and goes on after a cut."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from acceptance.groove_command import Groove
from bridge_runs.bridges import ROOT
from bridge_runs.events import event_id, heavy_event, session_id
from bridge_runs.logs import ATTRIBUTED, HEAVY
from bridge_runs.publishing import publish
from bridge_runs.stack import Stack
from fixtures.waiting import wait_until
from iggy_standin.threaded import ThreadedStandIn

from worker.event_log.opening import open_event_log

pytestmark = pytest.mark.timeout(240)


class Tail:
    """A running `groove tail`, its lines gathered as they come."""

    def __init__(self, groove: Groove, url: str, *arguments: str) -> None:
        self.shown: list[str] = []
        self.told: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", "tail", *arguments],
            cwd=groove.folder,
            env=groove.environ(GROOVE_EVENT_LOG=url, PYTHONPATH=str(ROOT)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stderr
        for stream, lines in ((self._process.stdout, self.shown), (self._process.stderr, self.told)):
            Thread(target=lambda stream=stream, lines=lines: lines.extend(stream), daemon=True).start()

    def wait(self) -> int:
        return self._process.wait(timeout=60)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def test_it_shows_a_session_that_was_published(
    groove: Groove, iggy_standin: ThreadedStandIn, broker_url: str, tmp_path: Path
) -> None:
    """Started before there is a topic, it says once that it waits; the first session that is attributed is its first line."""
    tail = Tail(groove, iggy_standin.url, "--count", "1")
    try:
        wait_until(lambda: bool(tail.told), "it says what it waits for")
        stack = Stack(
            folder=tmp_path,
            log_url=iggy_standin.url,
            broker_url=broker_url,
            ledger_url=f"sqlite:///{tmp_path}/ledger.sqlite",
        )
        with stack.running(replicas=1):
            wait_until(lambda: "partitions_held" in stack.bridges.output(), "the bridge reads")
            publish(iggy_standin.url, [(HEAVY, heavy_event(1))], lambda: 0.0)
            assert tail.wait() == 0
    finally:
        tail.end()
    [told] = tail.told
    assert told.startswith("groove tail: no topic groove.attribution/sessions to be seen yet: waits for it")
    [line] = tail.shown
    shown = json.loads(line)
    assert (shown["session_id"], shown["event_id"]) == (session_id(heavy_event(1)), event_id(heavy_event(1)))


def test_it_goes_on_when_the_log_is_back(groove: Groove, iggy_standin: ThreadedStandIn) -> None:
    """A log that goes away is told of once. It lost its tail meanwhile: what then stands at old offsets is not skipped."""
    with closing(open_event_log(iggy_standin.url)) as log:
        log.ensure_topic(ATTRIBUTED, 1)
        for number in range(3):
            log.publish(ATTRIBUTED, key="k", message_id=uuid4(), payload=json.dumps(number).encode())
        tail = Tail(groove, iggy_standin.url, "--from-start", "--count", "5")
        try:
            wait_until(lambda: len(tail.shown) == 3, "what was there is shown")
            iggy_standin.stop()
            wait_until(lambda: bool(tail.told), "it says that it waits")
            iggy_standin.lose_tail(2)
            iggy_standin.start()
            log.publish(ATTRIBUTED, key="k", message_id=uuid4(), payload=b"no JSON")
            assert tail.wait() == 0
        finally:
            tail.end()
    assert [json.loads(line) for line in tail.shown] == [0, 1, 2, 0, "no JSON"]
    waits, lost = tail.told
    assert "cannot be reached" in waits
    assert "shows partition 0 again" in lost


def test_a_log_that_is_not_there(groove: Groove) -> None:
    """Started without a log it is one line and status 1."""
    said = groove("tail", status=1, GROOVE_EVENT_LOG="iggy://iggy:iggy@127.0.0.1:1")
    assert said == "groove: event log: Iggy at 127.0.0.1:1 cannot be reached\n"

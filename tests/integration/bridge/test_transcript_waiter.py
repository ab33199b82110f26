"""A session waits for the transcript that its event names: until it is there, or for so many hours of looking."""

from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from fixtures.ledger import StepClock, heavy

from bridge.enqueue import Enqueuer
from bridge.maintenance.transcript_waiter import TranscriptWaiter
from worker.ledger import Ledger, SessionRef, SessionState
from worker.settings import load_settings
from worker.system.clock import DAY
from worker.task_queue.app import make_app
from worker.task_queue.messages import EMBEDDING
from worker.task_queue.queues import Queues

Receive = Callable[..., list[SessionRef]]
#: the first looks come 10, 20 and 40 seconds after each other: more than a minute has been waited at the fourth
WAIT_HOURS = 60 / 3600


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "transcripts"
    folder.mkdir()
    return folder


class Waiting:
    """One session without a transcript, and the service that looks for it."""

    def __init__(self, ledger: Ledger, ref: SessionRef, broker_url: str, root: Path) -> None:
        settings = load_settings(
            {
                "GROOVE_BROKER": broker_url,
                "GROOVE_BRIDGE__TRANSCRIPT_ROOT": str(root),
                "GROOVE_SWEEPER__TRANSCRIPT_WAIT_HOURS": str(WAIT_HOURS),
            }
        )
        self._ledger, self._ref, self._queues = ledger, ref, Queues(settings)
        self.service = TranscriptWaiter(settings, ledger, Enqueuer(make_app(settings, publisher_only=True)))

    @property
    def state(self) -> SessionState:
        return self._ledger.history.session_detail(self._ref.session_id).state

    @property
    def reason(self) -> str:
        return self._ledger.history.session_detail(self._ref.session_id).reason

    @property
    def queued(self) -> int:
        return self._queues.lengths()[EMBEDDING]


@pytest.fixture
def waiting(ledger: Ledger, clock: StepClock, broker_url: str, root: Path) -> Waiting:
    [ref] = ledger.intake.receive(heavy=[heavy("s", transcript_path="s.jsonl")], ablation_rate=0.1)
    ledger.work.mark_waiting("s", ref.version, reason="no transcript yet")
    return Waiting(ledger, ref, broker_url, root)


def test_a_transcript_that_comes(waiting: Waiting, clock: StepClock, root: Path, ledger: Ledger) -> None:
    """Nothing happens before the next look is due; then the session is prepared with what the file holds."""
    waiting.service.run()
    (root / "s.jsonl").write_bytes(b"text")
    clock.step(9)
    waiting.service.run()
    assert (waiting.state, waiting.queued) == (SessionState.WAITING, 0)
    clock.step(1)
    waiting.service.run()
    assert (waiting.state, waiting.queued) == (SessionState.RECEIVED, 1)
    version = ledger.history.session_detail("s").version
    assert ledger.work.load_work("s", version).transcript == b"text"


def test_a_transcript_that_never_comes(waiting: Waiting, clock: StepClock, ledger: Ledger) -> None:
    """It is looked for ever more rarely, and after `sweeper.transcript_wait_hours` the session is a dead letter that says so."""
    with structlog.testing.capture_logs() as lines:
        for pause in (10, 20, 40):
            waiting.service.run()
            assert waiting.state is SessionState.WAITING
            clock.step(pause)
        waiting.service.run()
    assert waiting.state is SessionState.DEAD
    assert "the transcript did not come within" in waiting.reason
    assert [letter.session_id for letter in ledger.dead_letters.find()] == ["s"]
    assert [line["event"] for line in lines] == ["transcript_never_came"]


def test_a_clock_that_jumps_gives_nobody_up(waiting: Waiting, clock: StepClock) -> None:
    """A year ahead and back again, the session has been looked for twice and still waits."""
    waiting.service.run()
    for days in (365, -365):
        clock.step(days * DAY / 1_000_000)
        waiting.service.run()
        assert waiting.state is SessionState.WAITING


def test_a_transcript_that_may_not_be_read(waiting: Waiting, ledger: Ledger, root: Path, tmp_path: Path) -> None:
    """A path out of the folder ends the session at once, and its dead letter says why."""
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "s.jsonl").symlink_to(tmp_path / "secret")
    waiting.service.run()
    assert waiting.state is SessionState.DEAD
    [letter] = ledger.dead_letters.find()
    assert "outside of bridge.transcript_root" in letter.reason


def test_an_event_without_a_path(waiting: Waiting, receive: Receive, ledger: Ledger) -> None:
    """Somebody may import its transcript: it waits as long."""
    [ref] = receive(heavy("without"), now=0)
    ledger.work.mark_waiting("without", ref.version, reason="no transcript yet")
    waiting.service.run()
    assert ledger.history.session_detail("without").state is SessionState.WAITING

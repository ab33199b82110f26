"""What tasks do while another part is away: the work stays open, however long, and no try is spent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from fixtures.ledger import at, heavy
from fixtures.store import learning
from fixtures.tasks import task_parts

from worker.errors import Unavailable
from worker.ledger import Gates, Ledger, SessionRef
from worker.resources import Resources
from worker.store.shapes.attempts import OpenedSession
from worker.task_queue.messages import EMBEDDING
from worker.task_queue.queues import Queues
from worker.tasks import worker_process
from worker.tasks.attribute import Attribution
from worker.tasks.prepare import Preparation
from worker.tasks.shared import current_celery, patiently

LONG_AFTER = 2**60
TRANSCRIPT = {"messages": [{"role": "assistant", "content": "make fmt"}]}


@pytest.fixture
def parts(broker_url: str, tmp_path: Path) -> Iterator[Resources]:
    """Without a store, and without patience."""
    with task_parts(broker_url, tmp_path, GROOVE_WORKER__PATIENCE_SECONDS="0") as resources:
        yield resources


def received(ledger: Ledger, session_id: str) -> SessionRef:
    event = heavy(session_id, transcript=TRANSCRIPT)
    [ref] = at(ledger, 1).intake.receive(heavy=[event], ablation_rate=0.1)
    return ref


def test_a_store_that_is_away_costs_a_preparation_no_try(parts: Resources) -> None:
    """Begun and sent again ten times without a store, the session is as open as it was."""
    ref = received(parts.ledger, "s")
    for look in range(2, 12):
        outcome = Preparation(parts, ref.session_id, ref.version).run()
        assert outcome["state"] == "left to the sweeper"
        overdue = at(parts.ledger, look).sweep.overdue(Gates(prepare=LONG_AFTER, attribute=0, finish=0))
        assert at(parts.ledger, look).sweep.send_again(overdue, max_tries=3).prepare == [ref]
    assert parts.ledger.work.load_work("s", ref.version).tries == 0


def test_a_wrong_setting_costs_a_preparation_no_try(
    broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that cannot be loaded is nobody's failure but the setting's: the session is as open as it was."""
    with task_parts(broker_url, tmp_path, GROOVE_EMBEDDER__MODEL="/models/e5") as resources:
        opened = OpenedSession(learnings={"a": learning("a")}, assignments={}, is_finished=False)
        monkeypatch.setattr(resources.store, "open_session", lambda *_: opened)
        ref = received(resources.ledger, "s")
        assert Preparation(resources, ref.session_id, ref.version).run()["state"] == "left to the sweeper"
        assert resources.ledger.work.load_work("s", ref.version).tries == 0


def test_learnings_whose_bundle_is_gone_ask_for_one_preparation(parts: Resources) -> None:
    """Of two tasks that find nothing on the broker, the first sends the session to be prepared; neither spends a try."""
    ref = received(parts.ledger, "s")
    at(parts.ledger, 2).work.expect("s", ref.version, ["a", "b"], signals_seen=0)
    before = Queues(parts.settings).lengths()[EMBEDDING]
    outcomes = [
        Attribution(parts, ref.session_id, ref.version, in_chord=True).run([learning_id]) for learning_id in ("a", "b")
    ]
    assert [outcome["state"] for outcome in outcomes] == ["prepared again", "dropped"]
    assert Queues(parts.settings).lengths()[EMBEDDING] == before + 1
    assert [entry.tries for entry in parts.ledger.work.entries("s", ref.version)] == [0, 0]


def test_a_time_limit_that_passes_while_waiting_is_an_outage(parts: Resources) -> None:
    """What was waited for is to blame, not the work."""

    def hangs() -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(Unavailable, match="waiting for another part"):
        patiently(parts, hangs)


def test_one_death_is_one_try(parts: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery tells of a hard time limit twice; a second task's death counts on its own."""
    monkeypatch.setattr(worker_process, "resources", lambda: parts)
    import worker.tasks  # noqa: F401 - registers them

    ref = received(parts.ledger, "s")
    at(parts.ledger, 2).work.expect("s", ref.version, ["a"], signals_seen=0)
    task = current_celery().tasks["groove.attribute_learning"]
    arguments = ["s", [ref.version.timestamp, ref.version.event_id, ref.version.attempt], ["a"]]
    for task_id, tries in (("one", 1), ("one", 1), ("two", 2)):
        worker_process._note_lost(sender=task, task_id=task_id, args=arguments, exception=RuntimeError("killed"))
        assert parts.ledger.work.entry_state("s", ref.version, "a").tries == tries

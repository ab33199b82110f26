"""What becomes of a session that cannot be prepared."""

import json
from pathlib import Path

import pytest

from worker.errors import Superseded
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import HeavyReceived, open_ledger
from worker.settings import load_settings
from worker.task_queue.app import make_app
from worker.task_queue.give_up import give_up_session
from worker.task_queue.messages import from_wire
from worker.task_queue.queues import Queues


def test_a_session_given_up_ends_with_its_reason(broker_url: str, tmp_path: Path) -> None:
    """Every learning of it fails for that reason, its finish is enqueued, and an older account of the session is left alone."""
    settings = load_settings({"GROOVE_BROKER": broker_url})
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    payload = json.dumps({"session_id": "s", "event_id": "e", "outcome": 1, "active_learnings": ["a", "b"]}).encode()
    received = HeavyReceived(event=read_heavy_event(payload, logged_at=1), payload=payload, offset=0, logged_at=1)
    (ref,) = ledger.intake.receive(heavy=[received], ablation_rate=0.1)
    app = make_app(settings, publisher_only=True)
    before = Queues(settings).lengths()["finishing"]

    give_up_session(ledger, app, ref.session_id, ref.version, "the process died")

    failed = {entry.learning_id: entry.reason for entry in ledger.retries.failed_entries()}
    assert failed == {"a": "the process died", "b": "the process died"}
    assert ledger.work.remaining(ref.session_id, ref.version) == 0
    assert Queues(settings).lengths()["finishing"] == before + 1
    older = from_wire([0, "older", 1])
    with pytest.raises(Superseded):
        give_up_session(ledger, app, ref.session_id, older, "too late")
    ledger.dispose()

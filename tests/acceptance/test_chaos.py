"""The whole stack while it is hurt, in short; `benchmarks/faults.py` runs every fault with as many seeds as one likes."""

from pathlib import Path

import pytest
from acceptance.small_sessions import LEARNINGS, sessions, write_events, write_learnings
from chaos.clock import can_set_clocks
from chaos.run import Undisturbed, chaos_run
from chaos.stack import ChaosStack

pytestmark = pytest.mark.timeout(400)

_SESSIONS = 30


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(folder=tmp_path_factory.mktemp("undisturbed"), count=_SESSIONS)


@pytest.mark.parametrize(
    "fault", ["worker child kill -9", "broker kill -9", "store kill -9", "event log loses its tail", "clocks 1 h back"]
)
def test_a_hurt_stack_ends_with_the_same_values(fault: str, expected: Undisturbed, tmp_path: Path) -> None:
    """Whatever dies: every session finishes and is published with one id, and the values are those of an undisturbed run."""
    if fault.startswith("clocks") and not can_set_clocks():
        pytest.skip("needs Linux and a C compiler")
    row = chaos_run(tmp_path, fault, 1, expected)
    assert row.is_well, row


def test_a_poisonous_learning_fails_alone(tmp_path: Path) -> None:
    """A learning that raises, loops for ever or kills its process is given up with its reason; the others are attributed."""
    detector = {
        "GROOVE_ACTIVATION__DETECTOR": "chaos.poison:PoisonousDetector",
        "GROOVE_SWEEPER__OVERDUE_SECONDS": "20",
    }
    stack = ChaosStack(folder=tmp_path, more=detector)
    poisonous = ["always-raises", "always-loops", "always-kills"]
    (event,) = sessions(1)
    event["active_learnings"] = [*LEARNINGS, *poisonous]
    learnings = write_learnings(tmp_path / "learnings.jsonl")
    with learnings.open("a") as file:
        for id_ in poisonous:
            file.write(f'{{"learning_id": "{id_}", "category": "preference", "insight": "Be {id_}"}}\n')
    stack.start()
    try:
        stack.groove("learnings", "import", learnings)
        stack.groove("publish", write_events(tmp_path / "events.jsonl", [event]))
        stack.wait(lambda: stack.counts().sessions.get("finished", 0) == 1, "the session is finished", 240)
        failed = {entry.learning_id: entry.reason for entry in stack.ledger.retries.failed_entries()}
        assert set(failed) == set(poisonous)
        assert "this learning is poisonous" in failed["always-raises"]
        assert "time limit" in failed["always-loops"]
        assert "the worker process died" in failed["always-kills"]
        counted = {value["learning_id"]: value["session_count"] for value in stack.values()}
        assert counted == dict.fromkeys(LEARNINGS, 1) | dict.fromkeys(poisonous, 0)
    finally:
        stack.stop()

"""What a learning's own text moves says nothing about it: signals and parts of the outcome that the event names are left out."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from worker.attribution.assignments import settle_assignments
from worker.attribution.attributor import Attributor
from worker.attribution.bundle import SessionBundle
from worker.domain import Assignment, AttributionRecord, Learning, Signal, SignalKind
from worker.errors import InvalidEvent
from worker.formats.heavy_event import HeavyEvent, read_heavy_event
from worker.layers.activation.detector import HybridDetector
from worker.layers.temporal.correlation import ExponentialDecay

SIGNALS = (
    Signal(message_idx=1, kind=SignalKind.BUILD_STATUS, is_positive=False, confidence=0.9),
    Signal(message_idx=1, kind=SignalKind.POSITIVE, is_positive=True, confidence=0.8),
)
ATTRIBUTOR = Attributor(detector=HybridDetector(), correlator=ExponentialDecay())


@pytest.fixture
def session(bundle: Callable[..., SessionBundle], learning: Callable[..., Learning]) -> SessionBundle:
    made = bundle(
        [("user", "go on"), ("assistant", "On it.\n[tool:Bash] make lint")],
        {name: learning("Always run `make lint` before committing", name) for name in ("a", "b")},
    )
    assignments = {
        name: Assignment(learning_id=name, withhold_probability=0.1, was_withheld=False) for name in ("a", "b")
    }
    return replace(made, context=replace(made.context, outcome=0.5, signals=SIGNALS, assignments=assignments))


def records(session: SessionBundle, **left_out: Any) -> tuple[AttributionRecord, AttributionRecord]:
    session = SessionBundle.from_bytes(replace(session, context=replace(session.context, **left_out)).to_bytes())
    return ATTRIBUTOR.attribute("a", session), ATTRIBUTOR.attribute("b", session)


def test_excluded_kinds_are_left_out_for_that_learning_alone(session: SessionBundle) -> None:
    """Also after the journey through the broker; the other learning's record is the same bit for bit."""
    plain, other = records(session)
    mine, unchanged = records(session, excluded_signals={"a": frozenset({"build_status"})})
    assert unchanged == other
    assert [signal.kind for signal in mine.signals] == [SignalKind.POSITIVE]
    assert (plain.temporal_negative > 0, mine.temporal_negative) == (True, 0.0)
    assert mine.attributed_value > plain.attributed_value


def test_a_learning_may_be_measured_by_another_outcome(session: SessionBundle) -> None:
    """The session's outcome without the parts that the learning moves."""
    mine, other = records(session, learning_outcomes={"a": -0.5})
    assert (mine.session_outcome, other.session_outcome) == (-0.5, 0.5)


def event(**changes: Any) -> HeavyEvent:
    document = {"session_id": "s", "active_learnings": ["a", "b"], "withheld_learnings": [], "outcome": 0.5, **changes}
    return read_heavy_event(json.dumps(document).encode(), logged_at=1)


@pytest.mark.parametrize(
    ("changes", "chances"),
    [
        ({}, {"a": 0.1, "b": 0.1}),
        ({"learning_outcomes": {"a": -1}}, {"a": 0.1, "b": 0.1}),
        ({"learning_outcomes": {"a": None}}, {"a": 0.0, "b": 0.1}),
        ({"outcome": 0, "outcome_known": False}, {"a": 0.0, "b": 0.0}),
    ],
)
def test_without_a_known_outcome_a_session_stands_in_no_arm(changes: dict[str, Any], chances: dict[str, float]) -> None:
    """It is treated as not randomised, whoever drew; the signals after its uses still count."""
    settled = settle_assignments(event(**changes), {}, ablation_rate=0.1).assignments
    assert {id_: assignment.withhold_probability for id_, assignment in settled.items()} == chances


def test_the_fields_are_read_in_both_forms() -> None:
    """Flat, or under `context`; what is no outcome is refused."""
    fields = {
        "excluded_signals": {"a": {"build_status": "its text asks for tests"}},
        "learning_outcomes": {"a": "partial", "b": None},
    }
    nested = {"tier": "heavy", "context": {"session_id": "s", **fields}, "outcome": 1}
    for read in (event(**fields), read_heavy_event(json.dumps(nested).encode(), logged_at=1)):
        assert read.excluded_signals == fields["excluded_signals"]
        assert (read.outcome_for("a"), read.outcome_for("b"), read.outcome_for("c")) == (0.5, None, read.outcome)
    with pytest.raises(InvalidEvent, match=r"learning_outcomes\.a"):
        event(learning_outcomes={"a": 3})

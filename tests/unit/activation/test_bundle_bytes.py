"""A prepared session travels as bytes."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from worker.attribution.bundle import SessionBundle
from worker.domain import Assignment, Learning, Signal, SignalKind
from worker.errors import BundleGone
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.evidence import SessionChunks, SessionEvidence

Bundle = Callable[..., SessionBundle]


@pytest.fixture
def full(bundle: Bundle, learning: Callable[..., Learning]) -> SessionBundle:
    made = bundle(
        [("user", "Always run `make lint` before committing 😀"), ("assistant", "On it.\n[tool:Bash] make lint")],
        {"l1": learning("Always run `make lint` before committing"), "מ'\"{}": learning("Write tests", "מ'\"{}")},
    )
    context = replace(
        made.context,
        signals=(Signal(message_idx=1, kind=SignalKind.RETRY, is_positive=False, confidence=0.7),),
        assignments={"l1": Assignment(learning_id="l1", withhold_probability=0.1, was_withheld=True)},
        mismatched=frozenset({"l9"}),
    )
    return replace(made, context=context)


def test_bytes_and_back(full: SessionBundle) -> None:
    """Everything is the same afterwards: context, learnings, texts, arrays, calibration."""
    again = SessionBundle.from_bytes(full.to_bytes())
    assert (again.context, again.insights, again.contaminated) == (full.context, full.insights, full.contaminated)
    assert (again.model, again.precision) == ("words@1", "float32")
    assert_alike(full.evidence, again.evidence)


def assert_alike(before: object, after: object) -> None:
    """Field by field, arrays with their types."""
    if isinstance(before, np.ndarray):
        np.testing.assert_array_equal(before, after)
        assert before.dtype == getattr(after, "dtype", None)
    elif isinstance(before, SessionEvidence | SessionChunks):
        for each in fields(before):
            assert_alike(getattr(before, each.name), getattr(after, each.name))
    else:
        assert before == after


def test_the_answer_does_not_depend_on_the_journey(full: SessionBundle) -> None:
    """A worker that reads the bundle gives the record that the maker would have given."""
    detector = HybridDetector()
    again = SessionBundle.from_bytes(full.to_bytes())
    assert [detector.detect(name, again.insights, again.evidence) for name in full.insights] == [
        detector.detect(name, full.insights, full.evidence) for name in full.insights
    ]


def test_some_learnings_alone_get_the_same_answers(full: SessionBundle) -> None:
    """A task's share of the learnings is judged as all of them together, and what no bundle holds is no part of it."""
    detector = HybridDetector()
    for name in full.insights:
        alone = full.of([name, "unknown"])
        assert alone.evidence.learning_ids == (name,)
        assert detector.detect(name, alone.insights, alone.evidence) == detector.detect(
            name, full.insights, full.evidence
        )
    assert full.of(list(full.insights)) is full
    assert full.of([]).evidence.learning_ids == ()


def test_a_session_without_words_travels_too(bundle: Bundle, learning: Callable[..., Learning]) -> None:
    """No assistant message: no texts, and nothing is activated."""
    empty = SessionBundle.from_bytes(bundle([("user", "hello")], {"l1": learning("Write tests")}).to_bytes())
    answer = HybridDetector().detect("l1", empty.insights, empty.evidence)
    assert (answer.confidence, answer.was_activated, answer.points) == (0.0, False, ())


def test_damaged_bytes_ask_for_a_new_bundle(full: SessionBundle) -> None:
    """Cut, changed, empty or foreign bytes are a bundle that is gone; nothing else ever comes out of them."""
    data = full.to_bytes()
    for damaged in (b"", b"groove-bundle-0\n" + data[16:], data[:40], data[:-20], data[:30] + b"\0" * 20 + data[50:]):
        with pytest.raises(BundleGone):
            SessionBundle.from_bytes(damaged)

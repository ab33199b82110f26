"""A prepared session travels as bytes."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from worker.bundle import SessionBundle
from worker.domain import Assignment, Learning, Signal, SignalKind
from worker.errors import BundleGone
from worker.evidence import SessionEvidence
from worker.layers.activation import HybridDetector

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
    assert (again.context, again.learnings, again.contaminated) == (full.context, full.learnings, full.contaminated)
    assert (again.model, again.precision) == ("words@1", "float32")
    for each in fields(SessionEvidence):
        before, after = getattr(full.evidence, each.name), getattr(again.evidence, each.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(before, after)
            assert before.dtype == after.dtype
        elif each.name != "ngrams":
            assert before == after


def test_the_answer_does_not_depend_on_the_journey(full: SessionBundle) -> None:
    """A worker that reads the bundle gives the record that the maker would have given."""
    detector = HybridDetector()
    again = SessionBundle.from_bytes(full.to_bytes())
    assert [detector.detect(name, again) for name in full.learnings] == [
        detector.detect(name, full) for name in full.learnings
    ]


def test_a_session_without_words_travels_too(bundle: Bundle, learning: Callable[..., Learning]) -> None:
    """No assistant message: no vectors, and nothing is activated."""
    empty = SessionBundle.from_bytes(bundle([("user", "hello")], {"l1": learning("Write tests")}).to_bytes())
    answer = HybridDetector().detect("l1", empty)
    assert (answer.confidence, answer.was_activated, answer.points) == (0.0, False, ())


def test_damaged_bytes_ask_for_a_new_bundle(full: SessionBundle) -> None:
    """Cut, changed, empty or foreign bytes are a bundle that is gone; nothing else ever comes out of them."""
    data = full.to_bytes()
    for damaged in (b"", b"groove-bundle-0\n" + data[16:], data[:40], data[:-20], data[:30] + b"\0" * 20 + data[50:]):
        with pytest.raises(BundleGone):
            SessionBundle.from_bytes(damaged)

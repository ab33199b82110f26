"""Which learnings may go."""

from dataclasses import replace

import pytest

from worker.domain import LearningStatus, LearningValue, Verdict, VerdictKind
from worker.layers.aggregation.leaving import Leaving, leaving

UNUSED = LearningValue(
    learning_id="a",
    estimated_value=0.0,
    confidence=0.0,
    session_count=30,
    activation_rate=0.0,
    temporal_value=0.0,
    temporal_confidence=0.0,
    ablation_value=None,
    ablation_confidence=None,
    status=LearningStatus.ACTIVE,
)


def test_what_is_hardly_ever_used_may_go() -> None:
    """From thirty sessions on; one whose use leaves no trace was perhaps used in all of them."""
    assert leaving(UNUSED) is Leaving.UNUSED
    assert leaving(replace(UNUSED, can_tell=False)) is None
    assert leaving(replace(UNUSED, session_count=29)) is None
    assert leaving(replace(UNUSED, activation_rate=0.1)) is None


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (VerdictKind.REMOVE, Leaving.HARMS),
        (VerdictKind.HARMFUL, Leaving.HARMS),
        (VerdictKind.HARMLESS, Leaving.NO_DIFFERENCE),
        (VerdictKind.KEEP, None),
    ],
)
def test_a_verdict_says_why(kind: VerdictKind, why: Leaving | None) -> None:
    """Whether its uses can be seen or not; what is pinned or out already stays as it is."""
    value = replace(UNUSED, verdict=Verdict(kind=kind))
    assert leaving(value) is leaving(replace(value, can_tell=False)) is why
    assert leaving(replace(value, pinned=True)) is None
    assert leaving(replace(value, status=LearningStatus.DEPRECATED)) is None

"""Values in the order and of the status that somebody asks for."""

from worker.domain import LearningStatus, LearningValue, Verdict, VerdictKind
from worker.store.ranking import ranked


def value(
    id_: str, estimated: float, confidence: float, sessions: int, kind: VerdictKind, status: LearningStatus
) -> LearningValue:
    return LearningValue(
        learning_id=id_,
        estimated_value=estimated,
        confidence=confidence,
        session_count=sessions,
        activation_rate=0.5,
        temporal_value=0,
        temporal_confidence=0,
        ablation_value=None,
        ablation_confidence=None,
        status=status,
        verdict=Verdict(kind=kind),
    )


VALUES = [
    value("a", 0.5, 0.2, 7, VerdictKind.UNDECIDED, LearningStatus.ACTIVE),
    value("b", 0.1, 0.9, 3, VerdictKind.KEEP, LearningStatus.ACTIVE),
    value("c", -0.4, 0.8, 9, VerdictKind.REMOVE, LearningStatus.DEPRECATED),
    value("d", -0.4, 0.1, 1, VerdictKind.UNDECIDED, LearningStatus.EXPERIMENTAL),
]


def order(sort: str, status: LearningStatus | None = None, verdict: VerdictKind | None = None) -> str:
    return "".join(value.learning_id for value in ranked(reversed(VALUES), sort=sort, status=status, verdict=verdict))


def test_each_order_has_its_first() -> None:
    """The best, the surest, the most used, the most urgent; ties stay as they came."""
    assert {sort: order(sort) for sort in ("value", "confidence", "sessions", "verdict")} == {
        "value": "abdc",
        "confidence": "bcad",
        "sessions": "cabd",
        "verdict": "cbda",
    }


def test_status_and_verdict_choose() -> None:
    """Only what has both is listed, in the same order."""
    assert order("sessions", LearningStatus.ACTIVE) == "ab"
    assert order("sessions", LearningStatus.DISABLED) == ""
    assert order("value", verdict=VerdictKind.UNDECIDED) == "ad"
    assert order("value", LearningStatus.ACTIVE, VerdictKind.UNDECIDED) == "a"

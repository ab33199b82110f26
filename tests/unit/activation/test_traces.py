"""What cannot be seen is told apart from what did not happen, from layer 1 to the values."""

from collections.abc import Callable

import pytest

from worker.attribution.bundle import SessionBundle
from worker.domain import Answer, Learning
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.traces import leaves_a_trace

Bundle = Callable[..., SessionBundle]
Make = Callable[..., Learning]


@pytest.mark.parametrize(
    ("insight", "leaves"),
    [
        ("Never push to main", False),
        ("Keep answers short and to the point", False),
        ("Prefer readable code over clever code", False),
        ("Don't guess. Never make things up.", False),
        ("Testing", True),
        ("Handle every error where it happens, and as the caller expects", False),
        ("The billing service owns all invoices of a customer", False),
        ("Run `make test`", True),
        ("Never push without running the tests", True),
        ("Store timestamps in UTC", True),
        ("Ask the user before adding a dependency", True),
    ],
)
def test_what_forbids_asks_for_a_manner_or_names_nothing_leaves_no_trace(insight: str, leaves: bool) -> None:
    """Named code, conduct that calls show and a few words of their own are seen where they happen."""
    assert leaves_a_trace(insight) is leaves


def test_three_answers(bundle: Bundle, learning: Make) -> None:
    """Nothing seen means "not used" of one learning and "cannot tell" of another; a session without a word says the same."""
    insights = {"seen": "Run `make lint`", "missed": "Run `make docs`", "unseen": "Never push to main"}
    learnings = {id_: learning(text, id_) for id_, text in insights.items()}
    for said in ("I lint it: run make lint\n[tool:Bash] make lint", ""):
        session = bundle([("user", "go on"), ("assistant", said)], learnings)
        found = {id_: HybridDetector().detect(id_, session.insights, session.evidence) for id_ in insights}
        answers = {
            id_: Answer.of(was_activated=a.was_activated, leaves_trace=a.leaves_trace) for id_, a in found.items()
        }
        assert answers["missed"] is Answer.NOT_USED
        assert answers["unseen"] is Answer.CANNOT_TELL
        assert answers["seen"] is (Answer.USED if said else Answer.NOT_USED)

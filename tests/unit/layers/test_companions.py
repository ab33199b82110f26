"""Learnings that nothing can tell apart are named."""

from worker.layers.companions import companions


def test_inseparable_learnings_are_named_with_their_share() -> None:
    """Two that share 58 of 60 sessions; a third one is in half of them."""
    sessions = [frozenset({"a", "b", "c"})] * 29 + [frozenset({"a", "b"})] * 29 + [frozenset({"a"}), frozenset({"b"})]
    (pair,) = companions(sessions)
    assert (pair.learning_id, pair.other_id, pair.sessions) == ("a", "b", 58)
    assert pair.share == 58 / 60


def test_randomised_learnings_are_separable() -> None:
    """Withheld independently in one session of ten, two learnings share four fifths."""
    sessions = [
        frozenset(name for name, left_out in (("a", n % 10 == 0), ("b", n % 10 == 5)) if not left_out)
        for n in range(200)
    ]
    assert companions(sessions) == ()
    assert companions(sessions, threshold=0.75)[0].share == 0.8


def test_a_few_common_sessions_prove_nothing() -> None:
    """Below twenty it may be chance."""
    assert companions([frozenset({"a", "b"})] * 19) == ()

"""Learnings that nothing can tell apart are named."""

from worker.layers.ablation.companions import Companion, companions


def test_inseparable_learnings_are_named_with_their_share() -> None:
    """Of the 60 sessions that had either, one shares 58; another is in half of them."""
    found = companions(sessions=59, together={"b": 58, "c": 29}, instead={"b": 1})
    assert found == (Companion(learning_id="b", share=58 / 60),)


def test_randomised_learnings_are_separable() -> None:
    """One session in ten goes without the one learning, another one without the other: they share four fifths."""
    assert companions(sessions=180, together={"b": 160}, instead={"b": 20}) == ()
    (pair,) = companions(sessions=180, together={"b": 160}, instead={"b": 20}, threshold=0.75)
    assert pair.share == 0.8


def test_one_randomised_learning_is_enough() -> None:
    """The other is always there: the sessions in which it stood alone tell."""
    assert companions(sessions=180, together={"b": 180}, instead={"b": 20}) == ()


def test_a_few_common_sessions_prove_nothing() -> None:
    """Below twenty it may be chance."""
    assert companions(sessions=19, together={"b": 19}, instead={}) == ()


def test_the_closest_comes_first() -> None:
    """By share, then by id."""
    found = companions(sessions=100, together={"d": 96, "c": 100, "b": 96}, instead={})
    assert [companion.learning_id for companion in found] == ["c", "b", "d"]


def test_twenty_common_sessions_and_the_threshold_itself_are_enough() -> None:
    """Both limits belong to what is named."""
    assert companions(sessions=20, together={"b": 19, "c": 20}, instead={}) == (Companion(learning_id="c", share=1.0),)
    assert companions(sessions=40, together={"b": 38}, instead={}) == (Companion(learning_id="b", share=0.95),)

"""Ledger and store, when one of them has lost what the other knows."""

import pytest

from worker.operations.agreement import difference


@pytest.mark.parametrize(
    ("finished", "known", "received", "told"),
    [
        (3, 0, 3, "the ledger has finished 3 sessions, the store knows 0: it is gone, or an older copy"),
        (3, 2, 5, "the ledger has finished 3 sessions, the store knows 2: it is gone, or an older copy"),
        (0, 1, 0, "the store knows 1 session, the ledger 0: it is gone, or an older copy"),
        (3, 9, 8, "the store knows 9 sessions, the ledger 8: it is gone, or an older copy"),
    ],
)
def test_whichever_knows_less_is_named(finished: int, known: int, received: int, told: str) -> None:
    """A lost, emptied or older store, and the same of the ledger, is no good finding, and says what to do."""
    found = difference(finished=finished, known=known, received=received)
    assert (found.is_well, found.detail) == (False, told)
    assert found.advice


@pytest.mark.parametrize(("finished", "known", "received"), [(0, 0, 0), (3, 3, 3), (3, 5, 7), (0, 0, 4), (2, 4, 4)])
def test_sessions_on_their_way_are_no_difference(finished: int, known: int, received: int) -> None:
    """Received ones may be unknown to the store, and begun ones not finished in the ledger."""
    assert difference(finished=finished, known=known, received=received).is_well

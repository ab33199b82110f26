"""Several sessions under one event id: one is known by it, and the others are told."""

from collections.abc import Callable

import pytest
from fixtures.ledger import heavy, lease

from worker.errors import InvalidEvent, NotFound
from worker.ledger import HeavyReceived, Ledger, SessionRef

Receive = Callable[..., list[SessionRef]]


def record(ledger: Ledger, *events: HeavyReceived) -> list[SessionRef]:
    """A batch that ends at its last event's place."""
    held = lease(ledger)
    return ledger.intake.record(
        held, heavy=events, position=events[-1].offset + 1, last_id="id", gap=False, ablation_rate=0.1
    )


def test_a_second_session_with_a_known_event_id_is_a_dead_letter(ledger: Ledger, receive: Receive) -> None:
    """The first session stays as it is; the second one's message is kept whole, with a reason that names both."""
    receive(heavy("first", "run-1"))
    second = heavy("second", "run-1", offset=4)
    assert record(ledger, second) == []
    [letter] = ledger.dead_letters.find()
    assert (letter.kind, letter.offset) == ("heavy", 4)
    assert "'run-1'" in letter.reason
    assert "'first'" in letter.reason
    assert ledger.dead_letters.get(letter.id).payload == second.payload
    with pytest.raises(NotFound):
        ledger.history.session_detail("second")


def test_of_twenty_in_one_batch_none_vanishes(ledger: Ledger) -> None:
    """One becomes a session, nineteen are dead letters, and events with ids of their own go on beside them."""
    events = [heavy(f"s{number}", "run-1", offset=number) for number in range(20)]
    refs = record(ledger, *events, heavy("own", "own", offset=20))
    assert {ref.session_id for ref in refs} == {"s0", "own"}
    assert sorted(letter.offset for letter in ledger.dead_letters.find()) == list(range(1, 20))


def test_a_batch_that_is_read_again_tells_it_once(ledger: Ledger) -> None:
    """A message that is read again from the same place is the same dead letter; a repeat of the first session's event is none."""
    events = [heavy("first", "run-1", offset=0), heavy("second", "run-1", offset=1), heavy("first", "run-1", offset=2)]
    record(ledger, *events)
    record(ledger, *events)
    assert [letter.offset for letter in ledger.dead_letters.find()] == [1]


def test_a_dead_letter_that_is_tried_again_says_so_again(ledger: Ledger, receive: Receive) -> None:
    """By hand it is refused with the same reason, and nothing of it is stored."""
    receive(heavy("first", "run-1"))
    with pytest.raises(InvalidEvent, match="an id names one event"):
        ledger.intake.receive(heavy=[heavy("second", "run-1"), heavy("third", "own")], ablation_rate=0.1)
    with pytest.raises(NotFound):
        ledger.history.session_detail("third")

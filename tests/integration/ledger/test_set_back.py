"""A clock is set back by an hour: what was sent by the old time is missed like anything else, not an hour later."""

from collections.abc import Callable
from uuid import UUID

from fixtures.ledger import SECOND, complete, heavy

from worker.ledger import EntryState, Gates, Ledger, OutboxMessage, Overdue, SessionRef
from worker.ledger.clock import MOST_APART

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]

NOW = 10_000 * SECOND
BEFORE = NOW + 3600 * SECOND


def overdue(ledger: Ledger, now: int) -> Overdue:
    return ledger.sweep.overdue(now, Gates(prepare=now, attribute=now, finish=now))


def test_what_was_sent_by_the_old_time(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A preparation, a learning and a finish that got lost: from the moment of the step they are as old as anything sent then."""
    [unprepared] = receive(heavy("p"), now=BEFORE)
    attributing("s", ["a"], now=BEFORE)
    ended = attributing("t", ["a"], now=BEFORE)
    complete(ledger, "t", ended.version, "a", BEFORE)
    found = overdue(ledger, NOW + 1)
    assert (found.prepare, found.attribute, found.finish) == ([], [], [])

    assert ledger.sweep.set_right(NOW, latest_retry=NOW)
    found = overdue(ledger, NOW + 1)
    assert (found.prepare, [entry.session_id for entry in found.attribute], found.finish) == (
        [unprepared],
        ["s"],
        [ended],
    )
    assert not ledger.sweep.set_right(NOW, latest_retry=NOW)


def test_a_retry_by_a_wrong_clock(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """It is due now, and not when that clock says; a retry that is merely to come stays."""
    ref = attributing("s", ["a", "b"], now=NOW)
    soon = NOW + 5 * SECOND
    for learning_id, retry_at in (("a", BEFORE), ("b", soon)):
        ledger.work.fail_entry("s", ref.version, learning_id, "broke", now=NOW, max_tries=3, retry_at=retry_at)
    [unprepared] = receive(heavy("p"), now=NOW)
    ledger.work.fail_preparation("p", unprepared.version, "broke", now=NOW, max_tries=3, retry_at=BEFORE)

    assert ledger.sweep.set_right(NOW, latest_retry=soon)
    found = ledger.sweep.overdue(NOW, Gates(prepare=0, attribute=0, finish=0))
    assert (found.prepare, [entry.learning_id for entry in found.attribute]) == ([unprepared], ["a"])
    assert ledger.work.entry_state("s", ref.version, "a").tries == 1


def test_clocks_may_differ_a_little(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """Nothing is touched that another machine may just have written, nor what has ended."""
    receive(heavy("p"), now=NOW + MOST_APART)
    attributing("s", ["a"], now=NOW + MOST_APART)
    done = attributing("t", ["a"], now=BEFORE)
    complete(ledger, "t", done.version, "a", BEFORE)
    assert ledger.work.finish("t", done.version, now=BEFORE, message=None)
    assert not ledger.sweep.set_right(NOW, latest_retry=NOW)
    assert ledger.work.entry_state("t", done.version, "a").state == EntryState.DONE


def test_a_message_from_the_future(ledger: Ledger, attributing: Attributing) -> None:
    """It has waited long enough; a young one is left to the callback that wrote it."""
    for number, at in enumerate((BEFORE, NOW - 1), 1):
        name = f"s{number}"
        ref = attributing(name, ["a"], now=at)
        complete(ledger, name, ref.version, "a", at)
        message = OutboxMessage(message_id=UUID(int=number), stream="out", topic="t", key=name, payload=b"x")
        assert ledger.work.finish(name, ref.version, now=at, message=message)
    assert [m.key for m in ledger.outbox.unsent(created_before=NOW - 5 * SECOND)] == ["s1"]

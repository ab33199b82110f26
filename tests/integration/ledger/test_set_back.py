"""A clock is set back by an hour: what was sent by the old time is missed like anything else, not an hour later."""

from collections.abc import Callable
from uuid import UUID

from fixtures.ledger import QUIET, SECOND, complete, heavy, next_attempt, signal

from worker.ledger import EntryState, Gates, Ledger, OutboxMessage, Overdue, SessionRef
from worker.ledger.clock import MOST_APART

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]

NOW = 10_000 * SECOND
BEFORE = NOW + 3600 * SECOND


def overdue(ledger: Ledger, now: int) -> Overdue:
    return ledger.sweep.overdue(now, Gates(prepare=now, attribute=now, finish=now))


def set_right(ledger: Ledger, *, latest_retry: int = NOW, latest_look: int = NOW) -> bool:
    return ledger.sweep.set_right(NOW, latest_retry=latest_retry, latest_look=latest_look)


def test_what_was_sent_by_the_old_time(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A preparation, a learning and a finish that got lost: from the moment of the step they are as old as anything sent then."""
    [unprepared] = receive(heavy("p"), now=BEFORE)
    attributing("s", ["a"], now=BEFORE)
    ended = attributing("t", ["a"], now=BEFORE)
    complete(ledger, "t", ended.version, "a", BEFORE)
    found = overdue(ledger, NOW + 1)
    assert (found.prepare, found.attribute, found.finish) == ([], [], [])

    assert set_right(ledger)
    found = overdue(ledger, NOW + 1)
    assert (found.prepare, [entry.session_id for entry in found.attribute], found.finish) == (
        [unprepared],
        ["s"],
        [ended],
    )
    assert not set_right(ledger)


def test_a_retry_by_a_wrong_clock(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """It is due now, and not when that clock says; a retry that is merely to come stays."""
    ref = attributing("s", ["a", "b"], now=NOW)
    soon = NOW + 5 * SECOND
    for learning_id, retry_at in (("a", BEFORE), ("b", soon)):
        ledger.work.fail_entry("s", ref.version, learning_id, "broke", now=NOW, max_tries=3, retry_at=retry_at)
    [unprepared] = receive(heavy("p"), now=NOW)
    ledger.work.fail_preparation("p", unprepared.version, "broke", now=NOW, max_tries=3, retry_at=BEFORE)

    assert set_right(ledger, latest_retry=soon)
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
    assert not set_right(ledger)
    assert ledger.work.entry_state("t", done.version, "a").state == EntryState.DONE


def test_late_signals_by_the_old_time(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """Finished or not, the session is reopened a quiet period from now; one whose period is running keeps it."""
    refs = [attributing(name, [], now=NOW) for name in ("finished", "open", "right")]
    assert ledger.work.finish("finished", refs[0].version, now=NOW, message=None)
    receive(signal("finished"), signal("open"), now=BEFORE)
    receive(signal("right"), now=NOW - 1)
    assert set_right(ledger)
    assert not set_right(ledger)
    assert ledger.sweep.reopen_quiet(NOW + QUIET - 1) == [next_attempt(refs[2])]
    assert ledger.sweep.reopen_quiet(NOW + QUIET) == [next_attempt(ref) for ref in refs[:2]]


def test_looks_for_a_transcript_by_the_old_time(ledger: Ledger, receive: Receive) -> None:
    """The next look is due now, and the session counts as received now; one that is looked for soon keeps its turn."""
    soon = NOW + 30 * SECOND
    for name, received_at, next_look in (
        ("ahead", BEFORE, BEFORE + SECOND),
        ("late", NOW - 1, BEFORE),
        ("right", NOW - 1, soon),
    ):
        [ref] = receive(heavy(name), now=received_at)
        ledger.work.mark_waiting(name, ref.version, next_try_at=next_look, reason="", now=received_at)
    assert set_right(ledger, latest_look=soon)
    assert not set_right(ledger, latest_look=soon)
    waiting = overdue(ledger, NOW).waiting
    assert {each.session_id: each.since for each in waiting} == {"ahead": NOW, "late": NOW - 1}
    assert [each.session_id for each in overdue(ledger, soon).waiting if each.session_id not in ("ahead", "late")] == [
        "right"
    ]


def test_a_message_from_the_future(ledger: Ledger, attributing: Attributing) -> None:
    """It has waited long enough; a young one is left to the callback that wrote it."""
    for number, at in enumerate((BEFORE, NOW - 1), 1):
        name = f"s{number}"
        ref = attributing(name, ["a"], now=at)
        complete(ledger, name, ref.version, "a", at)
        message = OutboxMessage(message_id=UUID(int=number), stream="out", topic="t", key=name, payload=b"x")
        assert ledger.work.finish(name, ref.version, now=at, message=message)
    assert [m.key for m in ledger.outbox.unsent(created_before=NOW - 5 * SECOND)] == ["s1"]

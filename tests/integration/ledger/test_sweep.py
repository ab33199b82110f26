"""What the broker lost is found and sent again, once; what a process died over is given up in the end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.ledger import complete, heavy

from worker.ledger import EntryRef, EntryState, Gates, Ledger, Resent, SessionRef, open_ledger

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]
HOUR = 3600_000_000


def gates(moment: int) -> Gates:
    return Gates(prepare=moment, attribute=moment, finish=moment)


def sweep(ledger: Ledger, now: int, *, lost_before: int | None = None, max_tries: int = 3) -> Resent:
    overdue = ledger.sweep.overdue(now, gates(now if lost_before is None else lost_before))
    return ledger.sweep.send_again(overdue, now, max_tries=max_tries)


def entry(ref: SessionRef, learning_id: str) -> EntryRef:
    return EntryRef(session_id=ref.session_id, version=ref.version, learning_id=learning_id)


def test_a_lost_preparation(ledger: Ledger, receive: Receive) -> None:
    """It is sent again when its queue has moved past it, and then not until the queue has again."""
    [ref] = receive(heavy(), now=10)
    assert sweep(ledger, 20, lost_before=10).prepare == []
    assert sweep(ledger, 20, lost_before=11).prepare == [ref]
    assert sweep(ledger, 30, lost_before=20).prepare == []
    assert sweep(ledger, 30, lost_before=21).prepare == [ref]


def test_each_queue_has_its_own_gate(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A standstill of the embedding queue holds nothing up in the attribution queue."""
    receive(heavy("p"))
    ref = attributing("s", ["a"])
    ended = attributing("t", ["a"])
    complete(ledger, "t", ended.version, "a", 1)
    only = {"prepare": 0, "attribute": 0, "finish": 0}
    found = ledger.sweep.overdue(9, Gates(**only | {"attribute": 9}))
    assert (found.prepare, found.attribute, found.finish) == ([], [entry(ref, "a")], [])
    found = ledger.sweep.overdue(9, Gates(**only | {"finish": 9}))
    assert (found.prepare, found.attribute, found.finish) == ([], [], [ended])


def test_lost_learnings(ledger: Ledger, attributing: Attributing) -> None:
    """Only those that are open; without counting a try, however often."""
    ref = attributing("s", ["a", "b", "c"])
    complete(ledger, "s", ref.version, "b", 1)
    for now in range(2, 12):
        assert sweep(ledger, now).attribute == [entry(ref, "a"), entry(ref, "c")]
    status = ledger.work.entry_state("s", ref.version, "a")
    assert (status.state, status.tries, status.sends) == (EntryState.PENDING, 0, 11)


def test_a_lost_finish(ledger: Ledger, attributing: Attributing) -> None:
    """Everything is there, but the task that knew died before it asked for the finish."""
    ref = attributing("s", ["a"])
    complete(ledger, "s", ref.version, "a", 50)
    assert sweep(ledger, 60, lost_before=50).finish == []
    assert sweep(ledger, 60, lost_before=51).finish == [ref]
    assert sweep(ledger, 61, lost_before=60).finish == []
    ledger.work.finish("s", ref.version, now=62, message=None)
    assert sweep(ledger, 99).finish == []


def test_a_lost_finish_of_an_empty_session(ledger: Ledger, attributing: Attributing) -> None:
    """Without learnings there is nothing but the finish to lose."""
    ref = attributing("s", [])
    assert sweep(ledger, 5).finish == [ref]


def test_a_failure_is_sent_again_at_its_time(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Backoff goes by the clock, not by the queue: a learning and a preparation alike."""
    ref = attributing("s", ["a"])
    [raw] = receive(heavy("p"))
    ledger.work.fail_entry("s", ref.version, "a", "no", now=1, max_tries=3, retry_at=100)
    ledger.work.fail_preparation("p", raw.version, "no", now=1, max_tries=3, retry_at=100)
    early = sweep(ledger, 99)
    assert (early.prepare, early.attribute) == ([], [])
    due = sweep(ledger, 100, lost_before=0)
    assert (due.prepare, due.attribute) == ([raw], [entry(ref, "a")])
    assert sweep(ledger, 101, lost_before=0) == Resent()


def test_each_further_retry_waits_twice_as_long(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """A fault that lasts is not met by a burst of tries."""
    ref = attributing("s", ["a"])
    [raw] = receive(heavy("p"))
    for failed_at, due_at in ((1, 101), (200, 400), (500, 900)):
        spent = {"now": failed_at, "max_tries": 9, "retry_at": failed_at + 100}
        ledger.work.fail_entry("s", ref.version, "a", "no", **spent)
        ledger.work.fail_preparation("p", raw.version, "no", **spent)
        assert sweep(ledger, due_at - 1, lost_before=0) == Resent()
        due = sweep(ledger, due_at, lost_before=0, max_tries=9)
        assert (due.prepare, due.attribute) == ([raw], [entry(ref, "a")])


def test_a_learning_that_kills_its_process(ledger: Ledger, attributing: Attributing) -> None:
    """Deaths count from the second delivery on; then it has failed, and the session's finish is due at once."""
    ref = attributing("s", ["a"])
    ledger.work.start_entries("s", ref.version, ["a"], 1)
    for now in (10, 20, 30):
        assert sweep(ledger, now).attribute == [entry(ref, "a")]
        ledger.work.start_entries("s", ref.version, ["a"], now + 1)
    given_up = sweep(ledger, 40)
    assert (given_up.attribute, given_up.gave_up_entries, given_up.finish) == ([], [entry(ref, "a")], [ref])
    [failed] = ledger.retries.failed_entries()
    assert (failed.tries, failed.reason) == (3, "the worker process died while working on it")


def test_a_started_learning_that_ends_counts_nothing(ledger: Ledger, attributing: Attributing) -> None:
    """A start is forgotten with the failure that was counted for it."""
    ref = attributing("s", ["a"])
    sweep(ledger, 5)
    ledger.work.start_entries("s", ref.version, ["a"], 6)
    ledger.work.fail_entry("s", ref.version, "a", "no", now=7, max_tries=5, retry_at=8)
    sweep(ledger, 9)
    assert ledger.work.entry_state("s", ref.version, "a").tries == 1


def test_a_preparation_that_kills_its_process(ledger: Ledger, receive: Receive) -> None:
    """It is given up after so many deaths, and offered again until somebody has refused its learnings."""
    [ref] = receive(heavy("s"))
    for now in (10, 20):
        ledger.work.start_session("s", ref.version, now)
        assert sweep(ledger, now + 5).prepare == [ref]
    ledger.work.start_session("s", ref.version, 30)
    assert sweep(ledger, 35).gave_up_prepare == [ref]
    assert sweep(ledger, 40).gave_up_prepare == [ref]
    ledger.work.expect("s", ref.version, ["a"], refused={"a": "died"}, signals_seen=0, now=41)
    assert sweep(ledger, 50).finish == [ref]


def test_waiting_sessions_are_shown_when_due(ledger: Ledger, receive: Receive) -> None:
    """With how often and since when somebody looks for the transcript."""
    [ref] = receive(heavy("s"), now=3)
    ledger.work.mark_waiting("s", ref.version, next_try_at=50, reason="not there", now=4)
    assert ledger.sweep.overdue(49, gates(49)).waiting == []
    [waiting] = ledger.sweep.overdue(50, gates(0)).waiting
    assert (waiting.session_id, waiting.tries, waiting.since, waiting.reason) == ("s", 1, 3, "not there")
    assert ledger.sweep.overdue(50, gates(50)).prepare == []


def test_what_was_seen_too_long_ago(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Between looking and sending the world moves on: what is done or replaced is left out."""
    done, replaced = attributing("done", ["a"]), attributing("replaced", ["a"])
    receive(heavy("prepared"))
    overdue = ledger.sweep.overdue(9, gates(9))
    complete(ledger, "done", done.version, "a", 9)
    receive(heavy("replaced", "newer", at=20), now=9)
    ledger.retries.retry(session_id="prepared", now=9)
    assert ledger.sweep.send_again(overdue, 10, max_tries=3) == Resent()
    assert replaced.version.event_id != "newer"


@pytest.mark.parametrize("sweepers", [3])
def test_several_sweepers_at_once(
    ledger: Ledger, attributing: Attributing, receive: Receive, ledger_url: str, sweepers: int
) -> None:
    """Each lost task is sent again by one of them, and reopened sessions are reopened once."""
    for number in range(10):
        receive(heavy(f"p{number}"))
        attributing(f"s{number}", ["a", "b"])
        attributing(f"t{number}", [])
    ledgers = [open_ledger(ledger_url) for _ in range(sweepers)]
    overdue = [one.sweep.overdue(5, gates(5)) for one in ledgers]
    with ThreadPoolExecutor(sweepers) as pool:
        resent = list(
            pool.map(lambda pair: pair[0].sweep.send_again(pair[1], 6, max_tries=3), zip(ledgers, overdue, strict=True))
        )
    assert sum(len(one.prepare) for one in resent) == 10
    assert sum(len(one.attribute) for one in resent) == 20
    assert sum(len(one.finish) for one in resent) == 10
    for one in ledgers:
        one.dispose()


def test_the_backlog_is_what_somebody_has_to_work_on(
    ledger: Ledger, attributing: Attributing, receive: Receive
) -> None:
    """Finished, dead and waiting sessions are none of it."""
    receive(heavy("received"))
    attributing("attributing")
    ended = attributing("finished", [])
    ledger.work.finish("finished", ended.version, now=1, message=None)
    [waiting] = receive(heavy("waiting"))
    ledger.work.mark_waiting("waiting", waiting.version, next_try_at=9, reason="", now=1)
    assert ledger.sweep.backlog() == 2


def test_a_limit_keeps_a_sweep_short(ledger: Ledger, receive: Receive) -> None:
    """At most so many at a time, the longest lost first."""
    for number in range(5):
        receive(heavy(f"s{number}"), now=10 - number)
    found = ledger.sweep.overdue(99, gates(99), limit=2)
    assert [ref.session_id for ref in found.prepare] == ["s4", "s3"]


def test_what_was_put_back_spends_no_try(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A task that ended because another part was away is sent again as often as it takes; its process did not die."""
    [prepared] = receive(heavy("p"))
    entries = attributing("s", ["a"])
    everything = Gates(prepare=HOUR, attribute=HOUR, finish=0)
    for look in range(1, 11):
        ledger.work.start_session("p", prepared.version, look)
        ledger.work.put_back("p", prepared.version, None)
        ledger.work.start_entries("s", entries.version, ["a"], look)
        ledger.work.put_back("s", entries.version, ["a"])
        overdue = ledger.sweep.overdue(look, everything)
        again = ledger.sweep.send_again(overdue, look, max_tries=3)
        assert ([ref.session_id for ref in again.prepare], len(again.attribute)) == (["p"], 1)
    assert ledger.work.load_work("p", prepared.version).tries == 0
    assert ledger.work.entry_state("s", entries.version, "a").tries == 0


def test_a_lost_bundle_is_prepared_once(ledger: Ledger, attributing: Attributing) -> None:
    """The first task that misses them takes the session back; what was done stays done, and nothing is sent twice meanwhile."""
    ref = attributing("s", ["a", "b", "c"])
    complete(ledger, "s", ref.version, "a", 1)
    assert [ledger.work.prepare_again("s", ref.version, 2) for _ in range(3)] == [True, False, False]
    later = Gates(prepare=0, attribute=HOUR, finish=HOUR)
    assert ledger.sweep.overdue(HOUR, later).attribute == []
    complete(ledger, "s", ref.version, "b", 3)  # by a worker that had kept the bundle
    assert ledger.work.expect("s", ref.version, ["a", "b", "c"], signals_seen=0, now=4) == ["c"]
    assert complete(ledger, "s", ref.version, "c", 5)
    assert ledger.work.finish("s", ref.version, now=6, message=None)

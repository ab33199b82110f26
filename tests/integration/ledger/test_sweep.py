"""What the broker lost is found and sent again, once; what a process died over is given up in the end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.ledger import at, complete, heavy

from worker.ledger import EntryRef, EntryState, Gates, Ledger, Resent, SessionRef, open_ledger
from worker.system.clock import HOUR, SECOND

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]


def gates(moment: int) -> Gates:
    return Gates(prepare=moment, attribute=moment, finish=moment)


def sweep(ledger: Ledger, now: int, *, lost_before: int | None = None, max_tries: int = 3) -> Resent:
    overdue = at(ledger, now).sweep.overdue(gates(now if lost_before is None else lost_before))
    return at(ledger, now).sweep.send_again(overdue, max_tries=max_tries)


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
    found = at(ledger, 9).sweep.overdue(Gates(**only | {"attribute": 9}))
    assert (found.prepare, found.attribute, found.finish) == ([], [entry(ref, "a")], [])
    found = at(ledger, 9).sweep.overdue(Gates(**only | {"finish": 9}))
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
    at(ledger, 62).work.finish("s", ref.version, message=None)
    assert sweep(ledger, 99).finish == []


def test_a_lost_finish_of_an_empty_session(ledger: Ledger, attributing: Attributing) -> None:
    """Without learnings there is nothing but the finish to lose."""
    ref = attributing("s", [])
    assert sweep(ledger, 5).finish == [ref]


def test_a_failure_is_sent_again_at_its_time(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Backoff goes by the clock, not by the queue: a learning and a preparation alike."""
    ref = attributing("s", ["a"])
    [raw] = receive(heavy("p"))
    at(ledger, 1).work.fail_entry("s", ref.version, "a", "no", max_tries=3, retry_seconds=(100 - 1) / SECOND)
    at(ledger, 1).work.fail_preparation("p", raw.version, "no", max_tries=3, retry_seconds=(100 - 1) / SECOND)
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
        work, pause = at(ledger, failed_at).work, 100 / SECOND
        work.fail_entry("s", ref.version, "a", "no", max_tries=9, retry_seconds=pause)
        work.fail_preparation("p", raw.version, "no", max_tries=9, retry_seconds=pause)
        assert sweep(ledger, due_at - 1, lost_before=0) == Resent()
        due = sweep(ledger, due_at, lost_before=0, max_tries=9)
        assert (due.prepare, due.attribute) == ([raw], [entry(ref, "a")])


def test_a_learning_that_kills_its_process(ledger: Ledger, attributing: Attributing) -> None:
    """Deaths count from the second delivery on; then it has failed, and the session's finish is due at once."""
    ref = attributing("s", ["a"])
    at(ledger, 1).work.start_entries("s", ref.version, ["a"])
    for now in (10, 20, 30):
        assert sweep(ledger, now).attribute == [entry(ref, "a")]
        at(ledger, now + 1).work.start_entries("s", ref.version, ["a"])
    given_up = sweep(ledger, 40)
    assert (given_up.attribute, given_up.gave_up_entries, given_up.finish) == ([], [entry(ref, "a")], [ref])
    [failed] = ledger.retries.failed_entries()
    assert (failed.tries, failed.reason) == (3, "the worker process died while working on it")


def test_a_started_learning_that_ends_counts_nothing(ledger: Ledger, attributing: Attributing) -> None:
    """A start is forgotten with the failure that was counted for it."""
    ref = attributing("s", ["a"])
    sweep(ledger, 5)
    at(ledger, 6).work.start_entries("s", ref.version, ["a"])
    at(ledger, 7).work.fail_entry("s", ref.version, "a", "no", max_tries=5, retry_seconds=(8 - 7) / SECOND)
    sweep(ledger, 9)
    assert ledger.work.entry_state("s", ref.version, "a").tries == 1


def test_a_preparation_that_kills_its_process(ledger: Ledger, receive: Receive) -> None:
    """It is given up after so many deaths, and offered again until somebody has refused its learnings."""
    [ref] = receive(heavy("s"))
    for now in (10, 20):
        at(ledger, now).work.start_session("s", ref.version)
        assert sweep(ledger, now + 5).prepare == [ref]
    at(ledger, 30).work.start_session("s", ref.version)
    assert sweep(ledger, 35).gave_up_prepare == [ref]
    assert sweep(ledger, 40).gave_up_prepare == [ref]
    at(ledger, 41).work.expect("s", ref.version, ["a"], refused={"a": "died"}, signals_seen=0)
    assert sweep(ledger, 50).finish == [ref]


def test_waiting_sessions_are_shown_when_due(ledger: Ledger, receive: Receive) -> None:
    """With how often somebody looked for the transcript, and why."""
    [ref] = receive(heavy("s"), now=3)
    at(ledger, 4).work.mark_waiting("s", ref.version, pause_seconds=(50 - 4) / SECOND, reason="not there")
    assert at(ledger, 49).sweep.waiting() == []
    [waiting] = at(ledger, 50).sweep.waiting()
    assert (waiting.session_id, waiting.tries, waiting.reason) == ("s", 1, "not there")
    assert at(ledger, 50).sweep.overdue(gates(50)).prepare == []


def test_what_was_seen_too_long_ago(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Between looking and sending the world moves on: what is done or replaced is left out."""
    done, replaced = attributing("done", ["a"]), attributing("replaced", ["a"])
    receive(heavy("prepared"))
    overdue = at(ledger, 9).sweep.overdue(gates(9))
    complete(ledger, "done", done.version, "a", 9)
    receive(heavy("replaced", "newer", at=20), now=9)
    at(ledger, 9).retries.retry(session_id="prepared")
    assert at(ledger, 10).sweep.send_again(overdue, max_tries=3) == Resent()
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
    overdue = [at(one, 5).sweep.overdue(gates(5)) for one in ledgers]
    with ThreadPoolExecutor(sweepers) as pool:
        resent = list(
            pool.map(
                lambda pair: at(pair[0], 6).sweep.send_again(pair[1], max_tries=3), zip(ledgers, overdue, strict=True)
            )
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
    at(ledger, 1).work.finish("finished", ended.version, message=None)
    [waiting] = receive(heavy("waiting"))
    at(ledger, 1).work.mark_waiting("waiting", waiting.version, pause_seconds=(9 - 1) / SECOND, reason="")
    assert ledger.counts.backlog() == 2


def test_a_limit_keeps_a_sweep_short(ledger: Ledger, receive: Receive) -> None:
    """At most so many at a time, the longest lost first."""
    for number in range(5):
        receive(heavy(f"s{number}"), now=10 - number)
    found = at(ledger, 99).sweep.overdue(gates(99), limit=2)
    assert [ref.session_id for ref in found.prepare] == ["s4", "s3"]


def test_what_was_put_back_spends_no_try(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A task that ended because another part was away is sent again as often as it takes; its process did not die."""
    [prepared] = receive(heavy("p"))
    entries = attributing("s", ["a"])
    everything = Gates(prepare=HOUR, attribute=HOUR, finish=0)
    for look in range(1, 11):
        at(ledger, look).work.start_session("p", prepared.version)
        ledger.work.put_back("p", prepared.version, None)
        at(ledger, look).work.start_entries("s", entries.version, ["a"])
        ledger.work.put_back("s", entries.version, ["a"])
        overdue = at(ledger, look).sweep.overdue(everything)
        again = at(ledger, look).sweep.send_again(overdue, max_tries=3)
        assert ([ref.session_id for ref in again.prepare], len(again.attribute)) == (["p"], 1)
    assert ledger.work.load_work("p", prepared.version).tries == 0
    assert ledger.work.entry_state("s", entries.version, "a").tries == 0


def test_a_lost_bundle_is_prepared_once(ledger: Ledger, attributing: Attributing) -> None:
    """The first task that misses them takes the session back; what was done stays done, and nothing is sent twice meanwhile."""
    ref = attributing("s", ["a", "b", "c"])
    complete(ledger, "s", ref.version, "a", 1)
    assert [at(ledger, 2).work.prepare_again("s", ref.version) for _ in range(3)] == [True, False, False]
    later = Gates(prepare=0, attribute=HOUR, finish=HOUR)
    assert at(ledger, HOUR).sweep.overdue(later).attribute == []
    complete(ledger, "s", ref.version, "b", 3)  # by a worker that had kept the bundle
    assert at(ledger, 4).work.expect("s", ref.version, ["a", "b", "c"], signals_seen=0) == ["c"]
    assert complete(ledger, "s", ref.version, "c", 5)
    assert at(ledger, 6).work.finish("s", ref.version, message=None)

"""One session's learnings, from expected to finished, through duplicates, failures and races."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from fixtures.ledger import complete, heavy, next_attempt

from worker.errors import NotFound, Superseded
from worker.ledger import EntryState, Ledger, OutboxMessage, SessionRef, SessionState, open_ledger

Attributing = Callable[..., SessionRef]


def message(text: str = "m") -> OutboxMessage:
    return OutboxMessage(message_id=uuid5(UUID(int=0), text), stream="out", topic="sessions", key="s", payload=b"{}")


def test_from_expected_to_finished(ledger: Ledger, attributing: Attributing) -> None:
    """The last learning says that it is the last, and the session is closed once, with one message."""
    ref = attributing("s", ["a", "b", "c"])
    assert ledger.work.remaining("s", ref.version) == 3
    assert not complete(ledger, "s", ref.version, "a", 1)
    assert not ledger.work.finish("s", ref.version, now=1, message=message())
    assert ledger.work.complete_entries("s", ref.version, {"c": b"of c", "b": b"of b"}, 2)
    assert ledger.work.all_ended("s", ref.version)
    assert ledger.work.finish("s", ref.version, now=3, message=message())
    assert not ledger.work.finish("s", ref.version, now=4, message=message())
    assert len(ledger.outbox.unsent()) == 1
    assert ledger.history.session_detail("s").finished_at == 3


def test_records_are_kept_until_the_session_is_finished(ledger: Ledger, attributing: Attributing) -> None:
    """What the tasks found out stands in the ledger, in the order of the learnings, and is forgotten with the finish."""
    ref = attributing("s", ["a", "b", "c", "d"])
    complete(ledger, "s", ref.version, "d", 1, b"of d")
    ledger.work.complete_entries("s", ref.version, {"c": b"of c", "a": b"of a"}, 2)
    ledger.work.fail_entry("s", ref.version, "b", "no", now=3, max_tries=1, retry_at=0)
    complete(ledger, "s", ref.version, "a", 4, b"by a second delivery")
    assert ledger.work.load_ended("s", ref.version).records == (b"of a", b"of c", b"of d")
    assert ledger.work.finish("s", ref.version, now=5, message=None)
    assert ledger.work.load_ended("s", ref.version).records == ()


def test_a_task_of_several_adds_only_what_was_open(ledger: Ledger, attributing: Attributing) -> None:
    """A record that is there stays, and what has failed for good gets none; a copy of the whole task changes nothing."""
    ref = attributing("s", ["a", "b", "c", "d"])
    complete(ledger, "s", ref.version, "b", 1, b"of b")
    ledger.work.fail_entry("s", ref.version, "a", "no", now=2, max_tries=1, retry_at=0)
    late = {learning_id: b"late " + learning_id.encode() for learning_id in "abcd"}
    assert ledger.work.complete_entries("s", ref.version, late, 3)
    assert not ledger.work.complete_entries("s", ref.version, dict.fromkeys("abcd", b"a copy's"), 4)
    assert ledger.work.load_ended("s", ref.version).records == (b"of b", b"late c", b"late d")
    assert ledger.work.entry_state("s", ref.version, "a").state == EntryState.FAILED


def test_a_refused_record_is_a_failed_learning(ledger: Ledger, attributing: Attributing) -> None:
    """What the store would not take has failed with its reason, in the transaction that finishes the session."""
    ref = attributing("s", ["a", "b"])
    ledger.work.complete_entries("s", ref.version, {"a": b"of a", "b": b"of b"}, 1)
    assert ledger.work.finish("s", ref.version, now=2, message=None, refused={"b": "unknown learning"})
    [failed] = ledger.retries.failed_entries()
    assert (failed.learning_id, failed.reason, failed.at) == ("b", "unknown learning", 2)


def test_a_finish_that_fails_is_tried_again_and_then_given_up(ledger: Ledger, attributing: Attributing) -> None:
    """Bounded tries; what has moved on meanwhile is left alone."""
    ref = attributing("s", ["a"])
    assert not ledger.work.fail_finish("s", ref.version, "too early", now=1, max_tries=1)
    complete(ledger, "s", ref.version, "a", 1)
    tries = [ledger.work.fail_finish("s", ref.version, "no", now=now, max_tries=3) for now in (2, 3, 4)]
    assert tries == [False, False, True]
    assert ledger.work.finish("s", ref.version, now=5, message=None)
    assert not ledger.work.fail_finish("s", ref.version, "no", now=6, max_tries=3)


def test_a_session_begins_above_what_the_store_knows(ledger: Ledger, attributing: Attributing) -> None:
    """Its next attempt is newer than the store's, once; a session that has moved on stays as it is."""
    ref = attributing("s", ["a"])
    begun = ledger.work.begin_above("s", ref.version, 7, 2)
    assert begun is not None
    assert begun.version == replace(ref.version, attempt=8)
    assert ledger.work.begin_above("s", ref.version, 7, 3) is None
    assert ledger.work.entries("s", begun.version) == []


def test_a_duplicate_is_no_second_trigger(ledger: Ledger, attributing: Attributing) -> None:
    """The second delivery of the last task ends nothing."""
    ref = attributing("s", ["a"])
    assert complete(ledger, "s", ref.version, "a", 1)
    assert not complete(ledger, "s", ref.version, "a", 2)
    assert ledger.work.entries("s", ref.version)[0].ended_at == 1


def test_no_learnings_at_all(ledger: Ledger, attributing: Attributing) -> None:
    """Nothing is open: the caller finishes at once."""
    ref = attributing("s", [])
    assert ledger.work.remaining("s", ref.version) == 0
    assert ledger.work.finish("s", ref.version, now=1, message=None)


def test_refused_learnings_are_failed_entries(ledger: Ledger, attributing: Attributing) -> None:
    """They stand with their reason and hold nothing up."""
    ref = attributing("s", ["a", "x"], refused={"x": "in both lists"})
    assert ledger.work.entry_state("s", ref.version, "x").reason == "in both lists"
    assert complete(ledger, "s", ref.version, "a", 1)
    assert ledger.work.finish("s", ref.version, now=1, message=None)


def test_expecting_twice(ledger: Ledger, attributing: Attributing) -> None:
    """A preparation that runs again gets what is still open; what is done stays done."""
    ref = attributing("s", ["a", "b"])
    complete(ledger, "s", ref.version, "a", 1)
    assert ledger.work.expect("s", ref.version, ["b", "a"], signals_seen=0, now=2) == ["b"]
    assert ledger.work.entry_state("s", ref.version, "b").sends == 2
    complete(ledger, "s", ref.version, "b", 3)
    ledger.work.finish("s", ref.version, now=4, message=None)
    assert ledger.work.expect("s", ref.version, ["a", "b"], signals_seen=0, now=5) == []
    assert ledger.history.session_detail("s").state == SessionState.FINISHED


def test_two_thousand_learnings(ledger: Ledger, attributing: Attributing) -> None:
    """A large session is expected and completed like a small one."""
    learnings = [f"learning {number:04d}" for number in range(2000)]
    ref = attributing("s", learnings)
    assert ledger.work.complete_entries("s", ref.version, dict.fromkeys(learnings[:-1], b"{}"), 1)
    assert not ledger.work.all_ended("s", ref.version)
    assert complete(ledger, "s", ref.version, learnings[-1], 2)


def test_a_failure_is_tried_again_and_then_given_up(ledger: Ledger, attributing: Attributing) -> None:
    """Bounded tries, each with its reason; the last one of the session says so."""
    ref = attributing("s", ["a"])
    outcome = ledger.work.fail_entry("s", ref.version, "a", "first", now=1, max_tries=2, retry_at=9)
    assert not outcome.given_up
    assert not outcome.last
    status = ledger.work.entry_state("s", ref.version, "a")
    assert (status.state, status.tries, status.reason) == (EntryState.PENDING, 1, "first")
    outcome = ledger.work.fail_entry("s", ref.version, "a", "second", now=2, max_tries=2, retry_at=9)
    assert outcome.given_up
    assert outcome.last
    [failed] = ledger.retries.failed_entries()
    assert (failed.learning_id, failed.tries, failed.reason, failed.at) == ("a", 2, "second", 2)


def test_one_failure_leaves_the_others(ledger: Ledger, attributing: Attributing) -> None:
    """The session goes on, and the last of the others finishes it."""
    ref = attributing("s", ["a", "b"])
    outcome = ledger.work.fail_entry("s", ref.version, "a", "no", now=1, max_tries=1, retry_at=9)
    assert outcome.given_up
    assert not outcome.last
    assert complete(ledger, "s", ref.version, "b", 2)
    assert ledger.work.finish("s", ref.version, now=3, message=None)


def test_what_has_ended_stays_as_it_is(ledger: Ledger, attributing: Attributing) -> None:
    """A late failure does not undo a success, nor a late success a failure."""
    ref = attributing("s", ["a", "b", "c"])
    complete(ledger, "s", ref.version, "a", 1)
    ledger.work.fail_entry("s", ref.version, "b", "no", now=1, max_tries=1, retry_at=9)
    assert not ledger.work.fail_entry("s", ref.version, "a", "late", now=2, max_tries=1, retry_at=9).given_up
    assert not complete(ledger, "s", ref.version, "b", 2)
    states = {entry.learning_id: entry.state for entry in ledger.work.entries("s", ref.version)}
    assert states == {"a": EntryState.DONE, "b": EntryState.FAILED, "c": EntryState.PENDING}


def test_an_older_attempt_is_refused_everywhere(ledger: Ledger, attributing: Attributing) -> None:
    """Every task of a reopened session's earlier attempt has nothing left to do."""
    old = attributing("s", ["a"])
    [new] = ledger.retries.retry(session_id="s", now=1).sessions
    assert new == next_attempt(old)
    ledger.work.expect("s", new.version, ["a"], signals_seen=0, now=1)
    refused: list[Callable[[], object]] = [
        lambda: ledger.work.load_work("s", old.version),
        lambda: ledger.work.start_session("s", old.version, 2),
        lambda: ledger.work.mark_waiting("s", old.version, next_try_at=9, reason="", now=2),
        lambda: ledger.work.fail_preparation("s", old.version, "", now=2, max_tries=1, retry_at=9),
        lambda: ledger.work.expect("s", old.version, ["a", "b"], signals_seen=0, now=2),
        lambda: ledger.work.entry_state("s", old.version, "a"),
        lambda: ledger.work.start_entries("s", old.version, ["a"], 2),
        lambda: complete(ledger, "s", old.version, "a", 2),
        lambda: ledger.work.complete_entries("s", old.version, {"a": b"{}", "b": b"{}"}, 2),
        lambda: ledger.work.fail_entry("s", old.version, "a", "", now=2, max_tries=1, retry_at=9),
        lambda: ledger.work.remaining("s", old.version),
    ]
    for call in refused:
        with pytest.raises(Superseded):
            call()
    assert not ledger.work.finish("s", old.version, now=2, message=message())
    assert not ledger.work.fail_session("s", old.version, "", 2)
    assert ledger.work.entries("s", old.version) == []
    assert ledger.work.remaining("s", new.version) == 1


def test_a_learning_that_is_not_expected(ledger: Ledger, attributing: Attributing) -> None:
    """It is refused by name."""
    ref = attributing("s", ["a"])
    with pytest.raises(NotFound, match="learning x is not expected"):
        ledger.work.entry_state("s", ref.version, "x")


def test_preparations_that_fail(ledger: Ledger, receive: Callable[..., list[SessionRef]]) -> None:
    """Tries are counted until it is given up; then every learning is refused with the reason, and the session can finish."""
    [ref] = receive(heavy("s"))
    spent = {"max_tries": 2, "retry_at": 50}
    assert not ledger.work.fail_preparation("s", ref.version, "boom", now=1, **spent)
    assert ledger.work.fail_preparation("s", ref.version, "boom", now=2, **spent)
    refused = dict.fromkeys(["a", "b"], "boom")
    assert ledger.work.expect("s", ref.version, ["a", "b"], refused=refused, signals_seen=0, now=3) == []
    assert ledger.work.finish("s", ref.version, now=4, message=message())
    assert [entry.reason for entry in ledger.retries.failed_entries()] == ["boom", "boom"]


def test_a_transcript_that_comes_later(ledger: Ledger, receive: Callable[..., list[SessionRef]]) -> None:
    """The session waits outside the backlog, and whoever brings the transcript is told to prepare it."""
    [ref] = receive(heavy("s"))
    assert ledger.work.mark_waiting("s", ref.version, next_try_at=5, reason="not there", now=1) == 1
    assert ledger.work.mark_waiting("s", ref.version, next_try_at=9, reason="not there", now=5) == 2
    assert ledger.sweep.backlog() == 0
    assert ledger.work.save_transcript("s", b"text", now=6, event_id="another event") is None
    assert ledger.work.save_transcript("s", b"text", now=6, event_id=ref.version.event_id) == ref
    assert ledger.sweep.backlog() == 1
    assert ledger.work.load_work("s", ref.version).transcript == b"text"


def test_a_transcript_that_never_comes(ledger: Ledger, receive: Callable[..., list[SessionRef]]) -> None:
    """A dead letter says so, with the event's bytes and place; a retry by hand settles it."""
    event = heavy("s", offset=12)
    [ref] = receive(event)
    ledger.work.mark_waiting("s", ref.version, next_try_at=5, reason="not there", now=1)
    assert ledger.work.fail_session("s", ref.version, "it never came", 9)
    assert not ledger.work.fail_session("s", ref.version, "it never came", 9)
    [letter] = ledger.dead_letters.find()
    assert (letter.kind, letter.session_id, letter.reason, letter.offset) == ("session", "s", "it never came", 12)
    assert ledger.dead_letters.get(letter.id).payload == event.payload
    assert ledger.work.expect("s", ref.version, ["a"], signals_seen=0, now=10) == []
    assert ledger.retries.retry(everything=True, now=11).sessions == [next_attempt(ref)]
    assert ledger.dead_letters.find() == []


def test_the_last_two_at_the_same_moment(ledger: Ledger, attributing: Attributing, ledger_url: str) -> None:
    """Of two workers that end the last two entries together at least one sees that all is there, every time."""
    refs = [attributing(f"s{number}", ["a", "b"]) for number in range(40)]
    workers = [open_ledger(ledger_url) for _ in range(2)]
    barrier = threading.Barrier(2)

    def work(ledger_of_mine: Ledger, learning: str) -> list[bool]:
        seen = []
        for ref in refs:
            barrier.wait(timeout=20)
            seen.append(complete(ledger_of_mine, ref.session_id, ref.version, learning, 1))
        return seen

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(work, workers, ["a", "b"]))
    assert all(one or other for one, other in zip(*answers, strict=True))
    for worker in workers:
        worker.dispose()


def test_many_finishes_at_the_same_moment(ledger: Ledger, attributing: Attributing, ledger_url: str) -> None:
    """One of them closes the session, and one message goes out."""
    workers = [open_ledger(ledger_url) for _ in range(4)]
    barrier = threading.Barrier(4)
    for number in range(10):
        ref = attributing(f"s{number}", [])

        def finish(mine: Ledger, ref: SessionRef = ref) -> bool:
            barrier.wait(timeout=20)
            return mine.work.finish(ref.session_id, ref.version, now=1, message=message(ref.session_id))

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(finish, workers)) == 1
    assert len(ledger.outbox.unsent()) == 10
    for worker in workers:
        worker.dispose()


def test_a_finish_races_with_a_newer_event(
    ledger: Ledger, attributing: Attributing, receive: Callable[..., list[SessionRef]], ledger_url: str
) -> None:
    """Either the old version finishes first and publishes, or it is superseded; the new one is in force afterwards."""
    other = open_ledger(ledger_url)
    for number in range(10):
        ref = attributing(f"s{number}", ["a"])
        complete(ledger, ref.session_id, ref.version, "a", 1)
        with ThreadPoolExecutor(2) as pool:
            closed = pool.submit(other.work.finish, ref.session_id, ref.version, now=2, message=message(ref.session_id))
            pool.submit(receive, heavy(ref.session_id, f"newer {number}", at=30)).result()
        detail = ledger.history.session_detail(ref.session_id)
        assert (detail.state, detail.version.event_id) == (SessionState.RECEIVED, f"newer {number}")
        assert len(detail.outbox) == int(closed.result())
    other.dispose()

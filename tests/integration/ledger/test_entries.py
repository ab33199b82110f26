"""One session's learnings, from expected to finished, through duplicates, failures and races."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from fixtures.ledger import at, complete, heavy, next_attempt, signal

from worker.errors import NotFound, Superseded
from worker.ledger import EntryState, Ledger, OutboxMessage, SessionRef, SessionState, open_ledger

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]


def message(text: str = "m") -> OutboxMessage:
    return OutboxMessage(message_id=uuid5(UUID(int=0), text), stream="out", topic="sessions", key="s", payload=b"{}")


def test_from_expected_to_finished(ledger: Ledger, attributing: Attributing) -> None:
    """The last learning says that it is the last, and the session is closed once, with one message."""
    ref = attributing("s", ["a", "b", "c"])
    assert ledger.work.remaining("s", ref.version) == 3
    assert not complete(ledger, "s", ref.version, "a", 1)
    assert not at(ledger, 1).work.finish("s", ref.version, message=message())
    assert at(ledger, 2).work.complete_entries("s", ref.version, {"c": b"of c", "b": b"of b"})
    assert ledger.work.all_ended("s", ref.version)
    assert at(ledger, 3).work.finish("s", ref.version, message=message())
    assert not at(ledger, 4).work.finish("s", ref.version, message=message())
    assert len(ledger.outbox.unsent()) == 1
    assert ledger.history.session_detail("s").finished_at == 3


def test_records_are_kept_until_the_session_is_finished(ledger: Ledger, attributing: Attributing) -> None:
    """What the tasks found out stands in the ledger, in the order of the learnings, and is forgotten with the finish."""
    ref = attributing("s", ["a", "b", "c", "d"])
    complete(ledger, "s", ref.version, "d", 1, b"of d")
    at(ledger, 2).work.complete_entries("s", ref.version, {"c": b"of c", "a": b"of a"})
    at(ledger, 3).work.fail_entry("s", ref.version, "b", "no", max_tries=1, retry_seconds=0)
    complete(ledger, "s", ref.version, "a", 4, b"by a second delivery")
    assert ledger.work.load_ended("s", ref.version).records == (b"of a", b"of c", b"of d")
    assert at(ledger, 5).work.finish("s", ref.version, message=None)
    assert ledger.work.load_ended("s", ref.version).records == ()


def test_a_task_of_several_adds_only_what_was_open(ledger: Ledger, attributing: Attributing) -> None:
    """A record that is there stays, and what has failed for good gets none; a copy of the whole task changes nothing."""
    ref = attributing("s", ["a", "b", "c", "d"])
    complete(ledger, "s", ref.version, "b", 1, b"of b")
    at(ledger, 2).work.fail_entry("s", ref.version, "a", "no", max_tries=1, retry_seconds=0)
    late = {learning_id: b"late " + learning_id.encode() for learning_id in "abcd"}
    assert at(ledger, 3).work.complete_entries("s", ref.version, late)
    assert not at(ledger, 4).work.complete_entries("s", ref.version, dict.fromkeys("abcd", b"a copy's"))
    assert ledger.work.load_ended("s", ref.version).records == (b"of b", b"late c", b"late d")
    assert ledger.work.entry_state("s", ref.version, "a").state == EntryState.FAILED


def test_a_refused_record_is_a_failed_learning(ledger: Ledger, attributing: Attributing) -> None:
    """What the store would not take has failed with its reason, in the transaction that finishes the session."""
    ref = attributing("s", ["a", "b"])
    at(ledger, 1).work.complete_entries("s", ref.version, {"a": b"of a", "b": b"of b"})
    assert at(ledger, 2).work.finish("s", ref.version, message=None, refused={"b": "unknown learning"})
    [failed] = ledger.retries.failed_entries()
    assert (failed.learning_id, failed.reason, failed.at) == ("b", "unknown learning", 2)


def test_a_finish_that_fails_is_tried_again_and_then_given_up(ledger: Ledger, attributing: Attributing) -> None:
    """Bounded tries; what has moved on meanwhile is left alone."""
    ref = attributing("s", ["a"])
    assert not at(ledger, 1).work.fail_finish("s", ref.version, "too early", max_tries=1)
    complete(ledger, "s", ref.version, "a", 1)
    tries = [at(ledger, now).work.fail_finish("s", ref.version, "no", max_tries=3) for now in (2, 3, 4)]
    [line] = ledger.listing.newest()
    assert line.reason == "no"
    assert tries == [False, False, True]
    assert at(ledger, 5).work.finish("s", ref.version, message=None)
    assert not at(ledger, 6).work.fail_finish("s", ref.version, "no", max_tries=3)


def test_a_learning_that_nobody_expects_is_not_begun(ledger: Ledger, attributing: Attributing) -> None:
    """It is named, the first of several."""
    ref = attributing("s", ["a", "b"])
    with pytest.raises(NotFound, match="learning x is not expected"):
        ledger.work.start_entries("s", ref.version, ["a", "z", "x"])


def test_a_session_that_ends_has_its_own_event_or_what_came_beside_it(ledger: Ledger, receive: Receive) -> None:
    """With signals of its own the event's payload and when it was logged; without, the lightweight events."""
    signals = [{"type": "positive", "pattern": "thanks", "confidence": 0.5}]
    [own] = receive(heavy("own", lightweight_events=[{"message_idx": 0, "signals": signals}]))
    [bare] = receive(heavy("bare"))
    receive(signal("own"), signal("bare"))
    ended = ledger.work.load_ended("own", own.version)
    assert (ended.payload is not None, ended.logged_at, ended.lightweight) == (True, 7, ())
    ended = ledger.work.load_ended("bare", bare.version)
    assert (ended.payload, ended.logged_at, len(ended.lightweight)) == (None, 0, 1)


def test_a_session_begins_above_what_the_store_knows(ledger: Ledger, attributing: Attributing) -> None:
    """Its next attempt is newer than the store's, once; a session that has moved on stays as it is."""
    ref = attributing("s", ["a"])
    begun = at(ledger, 2).work.begin_above("s", ref.version, 7)
    assert begun is not None
    assert begun.version == replace(ref.version, attempt=8)
    assert at(ledger, 3).work.begin_above("s", ref.version, 7) is None
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
    assert at(ledger, 1).work.finish("s", ref.version, message=None)


def test_refused_learnings_are_failed_entries(ledger: Ledger, attributing: Attributing) -> None:
    """They stand with their reason and hold nothing up."""
    ref = attributing("s", ["a", "x"], refused={"x": "in both lists"})
    assert ledger.work.entry_state("s", ref.version, "x").reason == "in both lists"
    assert complete(ledger, "s", ref.version, "a", 1)
    assert at(ledger, 1).work.finish("s", ref.version, message=None)


def test_expecting_twice(ledger: Ledger, attributing: Attributing) -> None:
    """A preparation that runs again gets what is still open; what is done stays done."""
    ref = attributing("s", ["a", "b"])
    complete(ledger, "s", ref.version, "a", 1)
    assert at(ledger, 2).work.expect("s", ref.version, ["b", "a"], signals_seen=0) == ["b"]
    assert ledger.work.entry_state("s", ref.version, "b").sends == 2
    complete(ledger, "s", ref.version, "b", 3)
    at(ledger, 4).work.finish("s", ref.version, message=None)
    assert at(ledger, 5).work.expect("s", ref.version, ["a", "b"], signals_seen=0) == []
    assert ledger.history.session_detail("s").state == SessionState.FINISHED


def test_two_thousand_learnings(ledger: Ledger, attributing: Attributing) -> None:
    """A large session is expected and completed like a small one."""
    learnings = [f"learning {number:04d}" for number in range(2000)]
    ref = attributing("s", learnings)
    assert at(ledger, 1).work.complete_entries("s", ref.version, dict.fromkeys(learnings[:-1], b"{}"))
    assert not ledger.work.all_ended("s", ref.version)
    assert complete(ledger, "s", ref.version, learnings[-1], 2)


def test_a_failure_is_tried_again_and_then_given_up(ledger: Ledger, attributing: Attributing) -> None:
    """Bounded tries, each with its reason; the last one of the session says so."""
    ref = attributing("s", ["a"])
    outcome = at(ledger, 1).work.fail_entry("s", ref.version, "a", "first", max_tries=2, retry_seconds=1)
    assert not outcome.given_up
    assert not outcome.last
    status = ledger.work.entry_state("s", ref.version, "a")
    assert (status.state, status.tries, status.reason) == (EntryState.PENDING, 1, "first")
    outcome = at(ledger, 2).work.fail_entry("s", ref.version, "a", "second", max_tries=2, retry_seconds=1)
    assert outcome.given_up
    assert outcome.last
    [failed] = ledger.retries.failed_entries()
    assert (failed.learning_id, failed.tries, failed.reason, failed.at) == ("a", 2, "second", 2)


def test_one_failure_leaves_the_others(ledger: Ledger, attributing: Attributing) -> None:
    """The session goes on, and the last of the others finishes it."""
    ref = attributing("s", ["a", "b"])
    outcome = at(ledger, 1).work.fail_entry("s", ref.version, "a", "no", max_tries=1, retry_seconds=1)
    assert outcome.given_up
    assert not outcome.last
    assert complete(ledger, "s", ref.version, "b", 2)
    assert at(ledger, 3).work.finish("s", ref.version, message=None)


def test_what_has_ended_stays_as_it_is(ledger: Ledger, attributing: Attributing) -> None:
    """A late failure does not undo a success, nor a late success a failure."""
    ref = attributing("s", ["a", "b", "c"])
    complete(ledger, "s", ref.version, "a", 1)
    at(ledger, 1).work.fail_entry("s", ref.version, "b", "no", max_tries=1, retry_seconds=1)
    assert not at(ledger, 2).work.fail_entry("s", ref.version, "a", "late", max_tries=1, retry_seconds=1).given_up
    assert not complete(ledger, "s", ref.version, "b", 2)
    states = {entry.learning_id: entry.state for entry in ledger.work.entries("s", ref.version)}
    assert states == {"a": EntryState.DONE, "b": EntryState.FAILED, "c": EntryState.PENDING}


def test_an_older_attempt_is_refused_everywhere(ledger: Ledger, attributing: Attributing) -> None:
    """Every task of a reopened session's earlier attempt has nothing left to do."""
    old = attributing("s", ["a"])
    [new] = at(ledger, 1).retries.retry(session_id="s").sessions
    assert new == next_attempt(old)
    at(ledger, 1).work.expect("s", new.version, ["a"], signals_seen=0)
    refused: list[Callable[[], object]] = [
        lambda: ledger.work.load_work("s", old.version),
        lambda: at(ledger, 2).work.start_session("s", old.version),
        lambda: at(ledger, 2).work.mark_waiting("s", old.version, pause_seconds=1, reason=""),
        lambda: at(ledger, 2).work.fail_preparation("s", old.version, "", max_tries=1, retry_seconds=1),
        lambda: at(ledger, 2).work.expect("s", old.version, ["a", "b"], signals_seen=0),
        lambda: ledger.work.entry_state("s", old.version, "a"),
        lambda: at(ledger, 2).work.start_entries("s", old.version, ["a"]),
        lambda: complete(ledger, "s", old.version, "a", 2),
        lambda: at(ledger, 2).work.complete_entries("s", old.version, {"a": b"{}", "b": b"{}"}),
        lambda: at(ledger, 2).work.fail_entry("s", old.version, "a", "", max_tries=1, retry_seconds=1),
        lambda: ledger.work.remaining("s", old.version),
    ]
    for call in refused:
        with pytest.raises(Superseded):
            call()
    assert not at(ledger, 2).work.finish("s", old.version, message=message())
    assert not at(ledger, 2).work.fail_session("s", old.version, "")
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
    spent = {"max_tries": 2, "retry_seconds": 1}
    assert not at(ledger, 1).work.fail_preparation("s", ref.version, "boom", **spent)
    assert at(ledger, 2).work.fail_preparation("s", ref.version, "boom", **spent)
    refused = dict.fromkeys(["a", "b"], "boom")
    assert at(ledger, 3).work.expect("s", ref.version, ["a", "b"], refused=refused, signals_seen=0) == []
    assert at(ledger, 4).work.finish("s", ref.version, message=message())
    assert [entry.reason for entry in ledger.retries.failed_entries()] == ["boom", "boom"]


def test_a_transcript_that_comes_later(ledger: Ledger, receive: Callable[..., list[SessionRef]]) -> None:
    """The session waits outside the backlog, and whoever brings the transcript is told to prepare it."""
    [ref] = receive(heavy("s"))
    assert at(ledger, 1).work.mark_waiting("s", ref.version, pause_seconds=1, reason="not there") == 1
    assert at(ledger, 5).work.mark_waiting("s", ref.version, pause_seconds=1, reason="not there") == 2
    assert ledger.counts.backlog() == 0
    assert at(ledger, 6).work.save_transcript("s", b"text", event_id="another event") is None
    assert at(ledger, 6).work.save_transcript("s", b"text", event_id=ref.version.event_id) == ref
    assert ledger.counts.backlog() == 1
    assert ledger.work.load_work("s", ref.version).transcript == b"text"


def test_a_transcript_that_never_comes(ledger: Ledger, receive: Callable[..., list[SessionRef]]) -> None:
    """A dead letter says so, with the event's bytes and place; a retry by hand settles it."""
    event = heavy("s", offset=12)
    [ref] = receive(event)
    at(ledger, 1).work.mark_waiting("s", ref.version, pause_seconds=1, reason="not there")
    assert at(ledger, 9).work.fail_session("s", ref.version, "it never came")
    assert not at(ledger, 9).work.fail_session("s", ref.version, "it never came")
    [letter] = ledger.dead_letters.find()
    assert (letter.kind, letter.session_id, letter.reason, letter.offset) == ("session", "s", "it never came", 12)
    assert ledger.dead_letters.get(letter.id).payload == event.payload
    assert at(ledger, 10).work.expect("s", ref.version, ["a"], signals_seen=0) == []
    assert at(ledger, 11).retries.retry(everything=True).sessions == [next_attempt(ref)]
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
            return at(mine, 1).work.finish(ref.session_id, ref.version, message=message(ref.session_id))

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
            closed = pool.submit(at(other, 2).work.finish, ref.session_id, ref.version, message=message(ref.session_id))
            pool.submit(receive, heavy(ref.session_id, f"newer {number}", at=30)).result()
        detail = ledger.history.session_detail(ref.session_id)
        assert (detail.state, detail.version.event_id) == (SessionState.RECEIVED, f"newer {number}")
        assert len(detail.outbox) == int(closed.result())
    other.dispose()

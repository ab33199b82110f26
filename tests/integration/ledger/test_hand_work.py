"""What a person sees and asks for: failures, retries, replays, one session's history, dead letters, counts."""

from collections.abc import Callable
from uuid import UUID

import pytest
from fixtures.ledger import at, complete, heavy, lease, next_attempt, signal

from worker.errors import NotFound
from worker.ledger import (
    DeadLetterKind,
    DeadLetterReceived,
    DeadLetterState,
    Ledger,
    OutboxMessage,
    SessionRef,
    SessionState,
)
from worker.system.clock import HOUR, SECOND

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]


def fail(ledger: Ledger, ref: SessionRef, learning_id: str, now: int = 1) -> None:
    at(ledger, now).work.fail_entry(
        ref.session_id, ref.version, learning_id, f"no {learning_id}", max_tries=1, retry_seconds=0
    )


def close(ledger: Ledger, ref: SessionRef, now: int = 5) -> None:
    still_open = [e.learning_id for e in ledger.work.entries(ref.session_id, ref.version) if e.state == "pending"]
    at(ledger, now).work.complete_entries(ref.session_id, ref.version, dict.fromkeys(still_open))
    message_id = UUID(int=hash((ref.session_id, ref.version)) % 2**64)
    message = OutboxMessage(message_id=message_id, stream="o", topic="t", key=ref.session_id, payload=b"result")
    assert at(ledger, now).work.finish(ref.session_id, ref.version, message=message)


def ids(refs: list[SessionRef]) -> list[str]:
    return [ref.session_id for ref in refs]


@pytest.fixture
def failures(ledger: Ledger, attributing: Attributing) -> dict[str, SessionRef]:
    """Three finished sessions: in one a failed, in one b, in the third nothing."""
    refs = {name: attributing(name) for name in ("one", "two", "good")}
    fail(ledger, refs["one"], "a", now=1)
    fail(ledger, refs["two"], "b", now=2)
    for ref in refs.values():
        close(ledger, ref)
    return refs


def test_what_failed(ledger: Ledger, failures: dict[str, SessionRef]) -> None:
    """Newest first, by session or learning if asked."""
    assert [(e.session_id, e.learning_id, e.reason) for e in ledger.retries.failed_entries()] == [
        ("two", "b", "no b"),
        ("one", "a", "no a"),
    ]
    assert [e.session_id for e in ledger.retries.failed_entries(learning_id="a")] == ["one"]
    assert [e.version for e in ledger.retries.failed_entries(session_id="two")] == [failures["two"].version]
    assert [e.session_id for e in ledger.retries.failed_entries(limit=1, offset=1)] == ["one"]
    assert [e.session_id for e in ledger.retries.failed_entries(reason="no a")] == ["one"]
    assert [ledger.retries.count_failed(reason=reason) for reason in (None, "no a", "none")] == [2, 1, 0]


def test_what_failed_by_its_reasons(ledger: Ledger, attributing: Attributing) -> None:
    """The most frequent first, with the learnings and sessions that it gave up; none once they are tried again."""
    for number, name in enumerate(("one", "two"), 1):
        ref = attributing(name)
        for learning_id in ("a", "b"):
            fail(ledger, ref, learning_id, now=number)
    found = ledger.retries.failed_reasons()
    assert [(r.reason, r.entries, r.sessions, r.newest_at) for r in found] == [("no a", 2, 2, 2), ("no b", 2, 2, 2)]
    ledger.retries.retry(session_ids=["one", "two"])
    assert ledger.retries.failed_reasons() == []
    assert ledger.retries.retry(session_ids=["one", "two"]).sessions == []


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"everything": True}, ["one", "two"]),
        ({"learning_id": "b"}, ["two"]),
        ({"session_id": "one", "learning_id": "a"}, ["one"]),
        ({"session_id": "good"}, ["good"]),
        ({"session_ids": ["good", "two", "none"]}, ["two"]),
        ({"session_ids": ["one", "two"], "learning_id": "a"}, ["one"]),
        ({"session_ids": ["one", "two"], "learning_id": "a", "reason": "no b"}, []),
        ({"session_ids": ["one", "two"], "reason": "no b"}, ["two"]),
        ({"session_ids": []}, []),
        ({"reason": "no b"}, ["two"]),
        ({"reason": "no b", "learning_id": "a"}, []),
        ({}, []),
    ],
)
def test_retrying(
    ledger: Ledger, failures: dict[str, SessionRef], chosen: dict[str, object], expected: list[str]
) -> None:
    """A dry run names what would be done; then those sessions begin their next attempt, and only those."""
    would = at(ledger, 10).retries.retry(**chosen, dry_run=True)  # type: ignore[arg-type]  # parametrised
    assert would.sessions == [failures[name] for name in expected]
    assert ledger.counts.count().sessions == {"finished": 3}
    done = at(ledger, 10).retries.retry(**chosen)  # type: ignore[arg-type]  # parametrised
    assert done.sessions == [next_attempt(failures[name]) for name in expected]
    assert ledger.counts.count().sessions.get("received", 0) == len(expected)


def test_retrying_what_is_not_there(ledger: Ledger, failures: dict[str, SessionRef]) -> None:
    """An unknown session, and a learning that did not fail in the named one, are said to be so."""
    with pytest.raises(NotFound, match="session none"):
        at(ledger, 1).retries.retry(session_id="none")
    with pytest.raises(NotFound, match="has not failed"):
        at(ledger, 1).retries.retry(session_id="good", learning_id="a")
    with pytest.raises(NotFound, match="session good: nothing failed so in it"):
        at(ledger, 1).retries.retry(session_id="good", reason="no")
    assert at(ledger, 1).retries.retry(learning_id="z").sessions == []


def test_a_retry_processes_again_and_publishes_again(ledger: Ledger, failures: dict[str, SessionRef]) -> None:
    """The reopened session goes the whole way under its new attempt, and two messages stand in the outbox."""
    [again] = at(ledger, 10).retries.retry(session_id="one").sessions
    work = ledger.work.load_work("one", again.version)
    assert work.payload
    assert at(ledger, 11).work.expect("one", again.version, ["a", "b"], signals_seen=0) == ["a", "b"]
    close(ledger, again, now=12)
    published = ledger.history.session_detail("one").outbox
    assert [message.attempt for message in published] == [1, 2]


def test_replaying(ledger: Ledger, receive: Receive) -> None:
    """By time of receipt, or one session; an unknown one is said to be so."""
    for number in range(4):
        receive(heavy(f"s{number}"), now=number)
    assert ids(at(ledger, 9).retries.replay(since=2, dry_run=True).sessions) == ["s2", "s3"]
    assert [ref.version.attempt for ref in at(ledger, 9).retries.replay(since=2).sessions] == [2, 2]
    assert ids(at(ledger, 9).retries.replay(session_id="s0").sessions) == ["s0"]
    assert at(ledger, 9).retries.replay().sessions == []
    with pytest.raises(NotFound):
        at(ledger, 9).retries.replay(session_id="none")


def test_replaying_more_than_one_transaction_holds(ledger: Ledger, receive: Receive) -> None:
    """A thousand sessions begin again, each once."""
    receive(*[heavy(f"s{number:04d}") for number in range(1100)])
    again = at(ledger, 9).retries.replay(since=0).sessions
    assert ids(again) == [f"s{number:04d}" for number in range(1100)]
    assert {ref.version.attempt for ref in again} == {2}


def test_pruned_sessions_stay_as_they_are(ledger: Ledger, failures: dict[str, SessionRef]) -> None:
    """Without its payload a session cannot be processed again, and the answer says so."""
    at(ledger, 10**15).retention.prune(keep_days=1)
    reopened = at(ledger, 9).retries.replay(since=0)
    assert (reopened.sessions, reopened.pruned) == ([], ["good", "one", "two"])
    assert at(ledger, 9).retries.retry(session_id="one").pruned == ["one"]
    with pytest.raises(NotFound, match="no longer kept"):
        ledger.work.load_work("one", failures["one"].version)
    detail = ledger.history.session_detail("one")
    assert (detail.state, detail.payload_kept) == (SessionState.FINISHED, False)


def test_the_history_of_a_session(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Every step with its time, attempt by attempt."""
    ref = attributing("s", ["a"], now=1)
    receive(signal("s"), now=2)
    complete(ledger, "s", ref.version, "a", 3)
    at(ledger, 4).work.finish("s", ref.version, message=None)
    at(ledger, 5).retries.retry(session_id="s")
    detail = ledger.history.session_detail("s")
    assert [(step.step, step.attempt, step.at) for step in detail.steps] == [
        ("received", 1, 1),
        ("prepared", 1, 1),
        ("finished", 1, 4),
        ("retried by hand", 2, 5),
    ]
    assert (detail.lightweight, detail.payload_kept, detail.version) == (1, True, next_attempt(ref).version)
    with pytest.raises(NotFound):
        ledger.history.session_detail("none")


def test_listing_sessions(ledger: Ledger, failures: dict[str, SessionRef], receive: Receive) -> None:
    """Newest first, each with what came of the learnings of its version in force; by state and by time of receipt if asked."""
    receive(heavy("late"), now=9)
    receive(heavy("half", active_learnings=[]), now=7)
    at(ledger, 10).retries.retry(session_id="one")
    lines = ledger.listing.newest()
    assert [line.session_id for line in lines] == ["late", "half", "good", "one", "two"]
    counts = {line.session_id: (line.done, line.failed, line.pending) for line in lines}
    assert counts == {"late": (0, 0, 0), "half": (0, 0, 0), "good": (2, 0, 0), "one": (0, 0, 0), "two": (1, 1, 0)}
    assert [(line.attempt, line.received_at) for line in lines if line.session_id in ("late", "one")] == [
        (1, 9),
        (2, 0),
    ]
    assert [line.session_id for line in ledger.listing.newest(state=SessionState.FINISHED)] == ["good", "two"]
    assert [line.session_id for line in ledger.listing.newest(since=7, limit=1)] == ["late"]
    assert [line.session_id for line in ledger.listing.newest(since=7)] == ["late", "half"]
    assert [line.session_id for line in ledger.listing.newest(beginning="ha")] == ["half"]
    pages = [ledger.listing.newest(offset=offset, limit=1) for offset in range(5)]
    assert [line.session_id for [line] in pages] == ["late", "half", "good", "one", "two"]


def test_a_listing_says_what_is_open_and_why(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Learnings still to be attributed are counted, and a session that waits has its reason."""
    attributing("s", ["a", "b", "c"])
    [waits] = receive(heavy("w"), now=1)
    at(ledger, 2).work.mark_waiting("w", waits.version, pause_seconds=(9 - 2) / SECOND, reason="no transcript")
    assert [(line.session_id, line.state, line.pending, line.reason) for line in ledger.listing.newest()] == [
        ("w", SessionState.WAITING, 0, "no transcript"),
        ("s", SessionState.ATTRIBUTING, 3, ""),
    ]


def test_the_neighbours_of_a_session(ledger: Ledger, receive: Receive) -> None:
    """Just before and after it, byte by byte; the first and the last have one."""
    receive(heavy("a"), heavy("B"), heavy("a-1"), heavy("é"))
    assert [ledger.listing.neighbours(id_) for id_ in ("B", "a", "é")] == [["a"], ["B", "a-1"], ["a-1"]]


def test_finding_sessions_by_the_beginning_of_their_id(ledger: Ledger, receive: Receive) -> None:
    """Signs that mean something to a LIKE are plain text here."""
    receive(heavy("ab1"), heavy("ab2"), heavy("a%"), heavy("b"))
    assert ledger.history.find_sessions("ab") == ["ab1", "ab2"]
    assert ledger.history.find_sessions("a%") == ["a%"]
    assert ledger.history.find_sessions("", limit=2) == ["a%", "ab1"]


def test_dead_letters_are_settled(ledger: Ledger) -> None:
    """Dropped or retried, a letter leaves the list; its row stays, with the state."""
    mine = lease(ledger)
    letters = [DeadLetterReceived(kind="heavy", payload=b"x" * n, reason=f"r{n}", offset=n) for n in (1, 2, 3)]
    at(ledger, 5).intake.record(mine, dead=letters, position=4, last_id="x", gap=False, ablation_rate=0.1)
    newest, middle, oldest = ledger.dead_letters.find()
    assert [letter.size for letter in (newest, middle, oldest)] == [3, 2, 1]
    ledger.dead_letters.drop(newest.id)
    ledger.dead_letters.mark_retried(oldest.id)
    assert ledger.dead_letters.find() == [middle]
    everywhere = ledger.dead_letters.find(state=None, limit=2, offset=1)
    assert [letter.id for letter in everywhere] == [middle.id, oldest.id]
    assert ledger.dead_letters.find(kind=middle.kind, reason=middle.reason) == [middle]
    assert ledger.dead_letters.find(kind=DeadLetterKind.SESSION) == []
    assert [ledger.dead_letters.count(), ledger.dead_letters.count(state=None)] == [1, 3]
    assert [(found.reason, found.letters) for found in ledger.dead_letters.reasons()] == [(middle.reason, 1)]
    assert ledger.dead_letters.find(state=DeadLetterState.DROPPED)[0].reason == "r3"
    assert len(ledger.dead_letters.find(state=None)) == 3
    for call in (ledger.dead_letters.get, ledger.dead_letters.drop, ledger.dead_letters.mark_retried):
        with pytest.raises(NotFound):
            call(999)


def test_counts(ledger: Ledger, failures: dict[str, SessionRef], receive: Receive) -> None:
    """What `groove status` and `groove doctor` show."""
    receive(heavy("open"), signal("open"), now=77)
    counts = at(ledger, 100).counts.count()
    assert counts.sessions == {"finished": 3, "received": 1}
    assert counts.entries == {"done": 4, "failed": 2}
    assert (counts.events, counts.payloads, counts.lightweight, counts.backlog) == (4, 4, 1, 1)
    assert [at(ledger, now).counts.count().overdue for now in (77 + HOUR, 78 + HOUR)] == [0, 1]
    assert (counts.outbox_unsent, counts.outbox_oldest, counts.oldest_open, counts.finished_last_day) == (3, 5, 77, 3)

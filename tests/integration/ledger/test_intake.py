"""What the bridge stores: events once each, and which account of a session is in force."""

import itertools
import threading
from collections.abc import Callable

import pytest
import sqlalchemy
from fixtures.ledger import QUIET, at, complete, heavy, lease, next_attempt, signal
from fixtures.waiting import wait_until

from worker.domain import SessionVersion
from worker.errors import NotFound, Superseded
from worker.ledger import HeavyReceived, Ledger, SessionRef, SessionState, open_ledger

Receive = Callable[..., list[SessionRef]]


def test_a_new_event_is_to_be_prepared(ledger: Ledger, receive: Receive) -> None:
    """It comes back byte for byte, with the log's time and the rate in force when it was received."""
    event = heavy("s", "e", at=3)
    [ref] = receive(event, now=5)
    assert ref == SessionRef(session_id="s", version=event.event.version)
    work = ledger.work.load_work("s", ref.version)
    assert (work.payload, work.logged_at, work.ablation_rate) == (event.payload, 7, 0.1)
    assert work.state == SessionState.RECEIVED


def test_the_same_event_again_changes_nothing(ledger: Ledger, receive: Receive) -> None:
    """In the same batch, in a later one, and after the session was finished."""
    event = heavy()
    [ref] = receive(event, event)
    assert receive(event) == []
    at(ledger, 1).work.expect("s", ref.version, [], signals_seen=0)
    assert at(ledger, 2).work.finish("s", ref.version, message=None)
    assert receive(event) == []
    assert ledger.history.session_detail("s").state == SessionState.FINISHED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_event_is_in_force_in_any_order(ledger: Ledger, receive: Receive, order: tuple[int, ...]) -> None:
    """Of several events of one session the latest by (timestamp, event id) wins, one at a time."""
    events = [heavy("s", "z", at=1), heavy("s", "a", at=2), heavy("s", "b", at=2)]
    for number in order:
        receive(events[number])
    detail = ledger.history.session_detail("s")
    assert detail.version == events[2].event.version
    assert {event.event_id for event in detail.events} == {"z", "a", "b"}


def test_one_task_for_a_session_that_comes_twice_in_a_batch(receive: Receive) -> None:
    """Only the newest is prepared."""
    [ref] = receive(heavy("s", "old", at=1), heavy("s", "new", at=2), heavy("s", "oldest", at=0))
    assert ref.version.event_id == "new"


def test_event_ids_compare_byte_by_byte(ledger: Ledger, receive: Receive) -> None:
    """Upper case before lower case, ASCII before the rest: on both databases as in Python."""
    ids = ["B", "a", "Z", "é", "z", "_", "\N{PARTY POPPER}"]
    receive(*[heavy("one by one", name) for name in ids[:1]])
    for name in ids:
        receive(heavy("one by one", f"x{name}"))
    assert ledger.history.session_detail("one by one").version.event_id == f"x{max(ids)}"


def test_a_newer_event_takes_the_session_back(
    ledger: Ledger, attributing: Callable[..., SessionRef], receive: Receive
) -> None:
    """What was expected of the old one is gone, its tasks are refused, and the first attempt of the new one begins."""
    old = attributing("s")
    [new] = receive(heavy("s", "newer", at=9), now=50)
    assert new.version == SessionVersion(timestamp=new.version.timestamp, event_id="newer", attempt=1)
    with pytest.raises(Superseded):
        complete(ledger, "s", old.version, "a", 60)
    with pytest.raises(Superseded):
        ledger.work.load_work("s", old.version)
    assert not at(ledger, 60).work.finish("s", old.version, message=None)
    detail = ledger.history.session_detail("s")
    assert (detail.state, detail.entries, detail.tries) == (SessionState.RECEIVED, [], 0)


def test_an_older_event_late_changes_nothing(
    ledger: Ledger, attributing: Callable[..., SessionRef], receive: Receive
) -> None:
    """It is remembered, no more."""
    ref = attributing("s")
    assert receive(heavy("s", "a first one", at=0, active_learnings=["x"])) == []
    assert ledger.work.remaining("s", ref.version) == 2
    assert ledger.counts.count().events == 2


def test_a_version_that_nobody_knows(ledger: Ledger, receive: Receive) -> None:
    """A task of an unknown session, or of a version from the future, is refused."""
    [ref] = receive(heavy("s"))
    with pytest.raises(NotFound):
        ledger.work.load_work("unknown", ref.version)
    with pytest.raises(Superseded):
        ledger.work.load_work("s", next_attempt(ref).version)


def test_signals_before_the_session(ledger: Ledger, receive: Receive) -> None:
    """Lightweight events wait for their session, once each, and come out in the session's own order."""
    signals = [signal("s", 5), signal("s", 2), signal("other", 1)]
    receive(*signals, signals[0])
    receive(signals[1])
    [ref] = receive(heavy("s"))
    assert ledger.work.load_work("s", ref.version).lightweight == (signals[1].payload, signals[0].payload)


def test_signals_of_the_heavy_event_win(ledger: Ledger, receive: Receive) -> None:
    """An event with its own lightweight events neither reads nor waits for others."""
    own = [{"message_idx": 1, "signals": [{"type": "retry"}]}]
    [ref] = receive(heavy("s", lightweight_events=own), signal("s"))
    assert ledger.work.load_work("s", ref.version).lightweight == ()
    at(ledger, 1).work.expect("s", ref.version, [], signals_seen=0)
    receive(signal("s", 8), now=2)
    assert at(ledger, 10 * QUIET).sweep.reopen_quiet() == []


def test_a_late_signal_reopens_after_a_quiet_period(ledger: Ledger, receive: Receive) -> None:
    """Each further one starts the period again; then a new attempt begins, with all of them."""
    [ref] = receive(heavy("s"))
    at(ledger, 1).work.expect("s", ref.version, [], signals_seen=0)
    at(ledger, 2).work.finish("s", ref.version, message=None)
    receive(signal("s", 1), now=10)
    receive(signal("s", 2), now=20)
    receive(signal("s", 2), now=30)
    assert at(ledger, 19 + QUIET).sweep.reopen_quiet() == []
    assert at(ledger, 20 + QUIET).sweep.reopen_quiet() == [next_attempt(ref)]
    assert len(ledger.work.load_work("s", next_attempt(ref).version).lightweight) == 2
    assert at(ledger, 100 * QUIET).sweep.reopen_quiet() == []


def test_a_signal_between_reading_and_expecting(ledger: Ledger, receive: Receive) -> None:
    """The preparation did not see it, so the session is reopened too."""
    [ref] = receive(heavy("s"))
    seen = len(ledger.work.load_work("s", ref.version).lightweight)
    receive(signal("s"), now=3)
    at(ledger, 4).work.expect("s", ref.version, ["a"], signals_seen=seen)
    assert at(ledger, 4 + QUIET).sweep.reopen_quiet() == [next_attempt(ref)]


def test_a_signal_before_reading_reopens_nothing(ledger: Ledger, receive: Receive) -> None:
    """The preparation sees it: one attempt is enough."""
    [ref] = receive(heavy("s"))
    receive(signal("s"), now=3)
    at(ledger, 4).work.expect("s", ref.version, ["a"], signals_seen=1)
    assert at(ledger, 10 * QUIET).sweep.reopen_quiet() == []


def test_a_transcript_beside_the_event(ledger: Ledger, receive: Receive) -> None:
    """What the event's path held is kept with it, and belongs to that event alone."""
    [first] = receive(with_transcript(heavy("s", "first", at=1), b"of the first"))
    assert ledger.work.load_work("s", first.version).transcript == b"of the first"
    [second] = receive(heavy("s", "second", at=2))
    assert ledger.work.load_work("s", second.version).transcript is None


def test_an_imported_transcript_counts_for_every_event(ledger: Ledger, receive: Receive) -> None:
    """Unless the event has one of its own."""
    at(ledger, 0).work.save_transcript("s", b"imported")
    [first] = receive(heavy("s", "first", at=1))
    assert ledger.work.load_work("s", first.version).transcript == b"imported"
    [second] = receive(with_transcript(heavy("s", "second", at=2), b"own"))
    assert ledger.work.load_work("s", second.version).transcript == b"own"


def test_nothing_is_stored_when_the_batch_fails(ledger: Ledger) -> None:
    """Events and position stand or fall together: a row that the database refuses takes the batch with it."""
    mine = lease(ledger)
    bad = heavy("t", "bad")
    object.__setattr__(bad, "logged_at", 2**70)
    with pytest.raises(Exception, match=r"(?i)too large|out of range|overflow"):
        at(ledger, 1).intake.record(
            mine, heavy=[heavy("s"), bad], position=2, last_id="x", gap=False, ablation_rate=0.1
        )
    assert ledger.counts.count().events == 0
    assert ledger.partitions.states()[0].position == 0


def test_ids_and_texts_of_any_kind(ledger: Ledger, receive: Receive) -> None:
    """Quotes, braces, percent signs, right-to-left text and emoji come back as they went in."""
    name = "a'b\"c\\d{e}%f:g\N{HEBREW LETTER ALEF}\N{PARTY POPPER}"
    [ref] = receive(heavy(name, name))
    assert at(ledger, 1).work.expect(name, ref.version, [name], refused={f"not {name}": name}, signals_seen=0) == [name]
    assert complete(ledger, name, ref.version, name, 2)
    assert ledger.history.find_sessions("a'b") == [name]
    assert ledger.retries.failed_entries()[0].reason == name


def test_a_large_batch(ledger: Ledger, receive: Receive) -> None:
    """Thousands of events in one transaction, many of them known, many of one session."""
    events = [heavy(f"s{number % 700}", f"e{number}", at=number % 60) for number in range(2100)]
    assert len(receive(*events)) == 700
    assert receive(*events) == []
    assert ledger.counts.count().events == 2100


def test_replicas_that_receive_the_same_events_at_once(ledger: Ledger, ledger_url: str) -> None:
    """Every event once, the newest in force, however the transactions interleave."""
    events = [heavy(f"s{number % 10}", f"e{number:03d}", at=number % 7) for number in range(120)]
    errors: list[Exception] = []

    def feed(start: int) -> None:
        mine = open_ledger(ledger_url)
        try:
            for number in range(0, 120, 20):
                batch = [events[(start + number + step) % 120] for step in range(20)]
                at(mine, 1).intake.receive(
                    heavy=batch, lightweight=[signal(f"s{number % 10}", start)], ablation_rate=0.1
                )
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            mine.dispose()

    threads = [threading.Thread(target=feed, args=(start,)) for start in (0, 35, 77)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert ledger.counts.count().events == 120
    for session in range(10):
        newest = max(event.event.version for event in events if event.event.session_id == f"s{session}")
        assert ledger.history.session_detail(f"s{session}").version == newest


def test_a_newer_event_that_another_replica_takes_in_meanwhile(postgresql_url: str) -> None:
    """Between our look and our insert the session comes into being with a newer event: that one's work stays, ours is only remembered."""
    ours, theirs = (open_ledger(postgresql_url) for _ in range(2))
    newer: list[SessionRef] = []

    def overtake(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO session ") and not newer:
            newer.extend(at(theirs, 1).intake.receive(heavy=[heavy("s", "newer", at=9)], ablation_rate=0.1))
            at(theirs, 2).work.expect("s", newer[0].version, ["a"], signals_seen=0)

    sqlalchemy.event.listen(ours.intake._database._engine, "before_cursor_execute", overtake)
    events = [heavy("r"), heavy("s", "older", at=1), heavy("t")]
    begun = at(ours, 3).intake.receive(heavy=events, ablation_rate=0.1)
    assert [ref.session_id for ref in begun] == ["r", "t"]
    assert ours.work.remaining("s", newer[0].version) == 1
    detail = ours.history.session_detail("s")
    assert {event.event_id for event in detail.events} == {"older", "newer"}
    assert [step.step for step in detail.steps] == ["received", "prepared"]
    for opened in (ours, theirs):
        opened.dispose()


def test_signals_that_came_while_their_session_was_received(postgresql_url: str) -> None:
    """While they are stored and not yet to be seen, the session comes and is prepared: that waits for them, and it is begun again."""
    ours, theirs = (open_ledger(postgresql_url) for _ in range(2))
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    def prepare() -> None:
        [ref] = at(theirs, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
        assert theirs.work.load_work("s", ref.version).lightweight == ()
        at(theirs, 2).work.expect("s", ref.version, [], signals_seen=0)

    thread = threading.Thread(target=prepare)

    def prepare_meanwhile(_connection: object) -> None:
        if thread.ident is None:
            thread.start()
            wait_until(lambda: _asked(theirs, waiting) == 1, "the preparation waits")

    sqlalchemy.event.listen(ours.intake._database._engine, "commit", prepare_meanwhile)
    at(ours, 4).intake.receive(lightweight=[signal("s")], ablation_rate=0.1)
    thread.join()
    detail = ours.history.session_detail("s")
    assert (detail.lightweight, detail.reopen_at) == (1, 2 + QUIET)
    for opened in (ours, theirs):
        opened.dispose()


def test_signals_between_two_preparations_begin_the_session_again(
    ledger: Ledger, receive: Receive, attributing: Callable[..., SessionRef]
) -> None:
    """Its bundle was lost and it is to be prepared once more, but what is done of it was done without them."""
    ref = attributing("s", ["a", "b"])
    complete(ledger, "s", ref.version, "a", 2)
    assert at(ledger, 3).work.prepare_again("s", ref.version)
    at(ledger, 4).intake.receive(lightweight=[signal("s")], ablation_rate=0.1)
    assert ledger.work.load_work("s", ref.version).was_prepared
    at(ledger, 5).work.expect("s", ref.version, ["a", "b"], signals_seen=1)
    assert ledger.history.session_detail("s").reopen_at == 4 + QUIET
    [again] = at(ledger, 4 + QUIET).sweep.reopen_quiet()
    assert again == next_attempt(ref)


def test_a_newer_event_settles_the_dead_letter_of_its_session(ledger: Ledger, receive: Receive) -> None:
    """Nobody has to see to it any more."""
    [old] = receive(heavy("s", "older", at=1))
    assert at(ledger, 2).work.fail_session("s", old.version, "no")
    assert at(ledger, 2).counts.count().dead_letters == 1
    receive(heavy("s", "newer", at=2))
    assert at(ledger, 3).counts.count().dead_letters == 0


def _asked(ledger: Ledger, question: str) -> object:
    with ledger.intake._database.single() as connection:
        return connection.exec_driver_sql(question).scalar()


def with_transcript(event: HeavyReceived, transcript: bytes) -> HeavyReceived:
    return HeavyReceived(
        event=event.event,
        payload=event.payload,
        offset=event.offset,
        logged_at=event.logged_at,
        transcript=transcript,
    )

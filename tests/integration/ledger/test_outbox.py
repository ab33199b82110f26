"""What has to be published, and what is thrown away after a while."""

from collections.abc import Callable
from uuid import UUID

import pytest
from fixtures.ledger import at, complete, heavy, lease, signal

from worker.ledger import DeadLetterReceived, Ledger, OutboxMessage, SessionRef
from worker.system.clock import DAY, SECOND

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]


@pytest.fixture
def finished(ledger: Ledger, attributing: Attributing) -> Callable[..., OutboxMessage]:
    """A session that ended at a time, with its message."""

    def finished(number: int, *, now: int = 1) -> OutboxMessage:
        name = f"s{number}"
        ref = attributing(name, ["a"], now=now)
        complete(ledger, name, ref.version, "a", now)
        message = OutboxMessage(
            message_id=UUID(int=number), stream="out", topic="sessions", key=name, payload=b"result %d" % number
        )
        assert at(ledger, now).work.finish(name, ref.version, message=message)
        return message

    return finished


def test_messages_come_out_as_they_went_in(ledger: Ledger, finished: Callable[..., OutboxMessage]) -> None:
    """Oldest first, with the version they belong to, until they are noted as sent."""
    messages = [finished(number, now=number) for number in (1, 2, 3)]
    unsent = ledger.outbox.unsent()
    assert [(m.message_id, m.payload, m.key, m.created_at) for m in unsent] == [
        (m.message_id, m.payload, m.key, number) for number, m in enumerate(messages, 1)
    ]
    assert unsent[0].version.event_id == "event of s1"
    at(ledger, 9).outbox.mark_sent([unsent[0].id, unsent[2].id])
    assert [m.key for m in ledger.outbox.unsent()] == ["s2"]
    assert ledger.outbox.oldest_unsent() == 2


def test_young_messages_and_those_of_one_session(ledger: Ledger, finished: Callable[..., OutboxMessage]) -> None:
    """The sweeper leaves young ones to the callback, which takes its own session's."""
    for number in (1, 2, 3):
        finished(number, now=number)
    assert [m.key for m in at(ledger, 4).outbox.unsent(min_age_seconds=1 / SECOND)] == ["s1", "s2"]
    assert [m.key for m in ledger.outbox.unsent(session_id="s3")] == ["s3"]
    assert len(ledger.outbox.unsent(2)) == 2


def test_sending_again(ledger: Ledger, finished: Callable[..., OutboxMessage]) -> None:
    """Of one session, or sent since, or all; the id stays the same."""
    for number in (1, 2, 3):
        finished(number)
    first = ledger.outbox.unsent()
    for place, message in enumerate(first):
        at(ledger, 10 + place).outbox.mark_sent([message.id])
    assert ledger.outbox.oldest_unsent() is None
    assert ledger.outbox.resend(session_id="s1") == 1
    assert ledger.outbox.resend(since=12) == 1
    assert [m.message_id for m in ledger.outbox.unsent()] == [first[0].message_id, first[2].message_id]
    assert ledger.outbox.resend() == 1
    assert at(ledger, 100 + DAY).retention.prune_sent(keep_days=1) == 0
    at(ledger, 20).outbox.mark_sent([m.id for m in ledger.outbox.unsent()])
    assert at(ledger, 20 + DAY).retention.prune_sent(keep_days=1) == 0
    assert at(ledger, 21 + DAY).retention.prune_sent(keep_days=1) == 3


def test_pruning_what_is_over(
    ledger: Ledger, finished: Callable[..., OutboxMessage], receive: Receive, attributing: Attributing
) -> None:
    """Old finished sessions lose payload, transcript, signals and history; open and young ones keep all; ids stay."""
    receive(signal("s1"))
    finished(1, now=DAY)
    at(ledger, DAY).work.save_transcript("s1", b"text")
    finished(2, now=9 * DAY)
    attributing("open", now=0)
    at(ledger, DAY).outbox.mark_sent([m.id for m in ledger.outbox.unsent()])
    pruned = at(ledger, 10 * DAY).retention.prune(keep_days=5)
    assert (pruned.payloads, pruned.lightweight, pruned.transcripts, pruned.entries, pruned.outbox) == (1, 1, 1, 1, 2)
    assert ledger.history.session_detail("s1").steps == []
    assert ledger.history.session_detail("s2").payload_kept
    assert ledger.history.session_detail("open").payload_kept
    assert receive(heavy("s1", "event of s1"), signal("s1")) == []
    assert ledger.counts.count().events == 3


def test_pruning_signals_of_sessions_that_never_came(ledger: Ledger, receive: Receive) -> None:
    """Many sessions get no heavy event at all: their signals go by age."""
    receive(signal("never", 1), now=DAY)
    receive(signal("never", 2), now=9 * DAY)
    assert at(ledger, 10 * DAY).retention.prune(keep_days=5).lightweight == 1


def test_failures_and_open_letters_stay(ledger: Ledger, attributing: Attributing) -> None:
    """Whatever its age, what a person has not dealt with is not thrown away."""
    ref = attributing("s", ["a"])
    at(ledger, 1).work.fail_entry("s", ref.version, "a", "no", max_tries=1, retry_seconds=0)
    at(ledger, 1).work.finish("s", ref.version, message=None)
    letters = [DeadLetterReceived(kind="heavy", payload=b"x", reason="", offset=n) for n in (1, 2)]
    at(ledger, 1).intake.record(lease(ledger), dead=letters, position=3, last_id="x", gap=False, ablation_rate=0.1)
    ledger.dead_letters.drop(ledger.dead_letters.find()[0].id)
    assert at(ledger, 10 * DAY).retention.prune(keep_days=5).dead_letters == 1
    assert len(ledger.retries.failed_entries()) == 1
    assert len(ledger.dead_letters.find()) == 1


def test_a_late_signal_for_a_pruned_session(
    ledger: Ledger, finished: Callable[..., OutboxMessage], receive: Receive
) -> None:
    """There is nothing left to process again: the session stays finished."""
    finished(1, now=1)
    at(ledger, 10 * DAY).retention.prune(keep_days=1)
    receive(signal("s1"), now=10 * DAY)
    assert at(ledger, 20 * DAY).sweep.reopen_quiet() == []
    assert ledger.history.session_detail("s1").reopen_at is None

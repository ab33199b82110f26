"""What commands answer, word for word where it was misread."""

import json
from collections.abc import Iterator
from typing import Literal
from uuid import UUID

import pytest
from acceptance.groove_command import Groove
from fixtures.ledger import at, heavy, lease, signal

from worker.ledger import DeadLetterReceived, Ledger, OutboxMessage, open_ledger
from worker.operations.wording import counted


@pytest.fixture
def ledger(groove: Groove) -> Iterator[Ledger]:
    """The one that the commands see."""
    (groove.folder / ".groove").mkdir()
    opened = open_ledger(f"sqlite:///{groove.folder / '.groove' / 'ledger.sqlite'}")
    yield opened
    opened.dispose()


def test_one_is_told_as_one() -> None:
    """The plural is for what is not one."""
    assert [counted(number, "new events") for number in (0, 1, 2)] == ["0 new events", "1 new event", "2 new events"]


def test_one_session_is_told_as_one(groove: Groove, ledger: Ledger) -> None:
    """In what a retry answers and in what the doctor finds."""
    at(ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    assert (
        groove("tasks", "retry", "--session", "s").strip() == "1 session opened again, to be done when the stack runs"
    )
    assert "ledger: 1 event, 1 session\n" in groove("doctor", status=1)


def test_a_failed_learning_by_the_beginning_of_its_id(groove: Groove, ledger: Ledger) -> None:
    """Like every other id; one that several begin with is said to be, and one that none does finds nothing."""
    [ref] = at(ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    ids = ["check-first", "check-later", "use-rg"]
    at(ledger, 1).work.expect("s", ref.version, ids, signals_seen=0)
    for id_ in ids:
        at(ledger, 1).work.fail_entry("s", ref.version, id_, "no", max_tries=1, retry_seconds=0)
    assert [entry["learning_id"] for entry in groove.json("tasks", "failed", "--learning", "use")] == ["use-rg"]
    assert groove.json("tasks", "failed", "--learning", "check-first")[0]["learning_id"] == "check-first"
    assert groove.json("tasks", "failed", "--learning", "bogus") == []
    assert "several learnings" in groove("tasks", "retry", "--learning", "check", "--dry-run", status=1)
    assert groove.json("tasks", "retry", "--learning", "use", "--dry-run")["opened"] == ["s"]


def test_a_dead_letter_that_is_tried_again(groove: Groove, ledger: Ledger) -> None:
    """The answer says what is done because of it, or why nothing is; the status is 1 where it failed."""
    event = heavy("s")
    payloads = [event.payload, heavy("s").payload, b"{broken"]
    letters = [DeadLetterReceived(kind="heavy", payload=p, reason="r", offset=n) for n, p in enumerate(payloads)]
    at(ledger, 5).intake.record(lease(ledger), dead=letters, position=3, last_id="x", gap=False, ablation_rate=0.1)
    broken, again, first = [str(letter.id) for letter in ledger.dead_letters.find()]
    tried = json.loads(groove("dead-letters", "retry", first, broken, "--dry-run", "--json", status=1))
    assert [(one["taken_in"], one["dry_run"], one["sessions"]) for one in tried] == [
        (True, True, []),
        (False, True, []),
    ]
    assert ledger.counts.count().dead_letters == 3
    assert not ledger.counts.count().sessions
    assert (
        groove("dead-letters", "retry", first).strip() == f"{first}: read; session s is attributed when the stack runs"
    )
    assert "still cannot be read: not JSON" in groove("dead-letters", "retry", broken, status=1)
    assert json.loads(groove("dead-letters", "retry", again, "--json"))[0]["taken_in"]


def keep(ledger: Ledger, kind: Literal["heavy", "lightweight"], payload: bytes) -> str:
    """A dead letter with this payload -> its id."""
    letter = DeadLetterReceived(kind=kind, payload=payload, reason="r", offset=0)
    ledger.intake.record(lease(ledger), dead=[letter], position=1, last_id="x", gap=False, ablation_rate=0.1)
    [kept] = ledger.dead_letters.find()
    return str(kept.id)


def test_a_dead_letter_is_read_with_the_chance_in_force(groove: Groove, ledger: Ledger) -> None:
    """Without experiments the session is stored with no chance of being withheld, as the bridge stores it."""
    received = heavy("s")
    groove("dead-letters", "retry", keep(ledger, "heavy", received.payload), GROOVE_ABLATION__ENABLED="false")
    assert ledger.work.load_work("s", received.event.version).ablation_rate == 0


def test_a_late_dead_letter_is_waited_for_as_long_as_is_set(groove: Groove, ledger: Ledger) -> None:
    """A lightweight event for a finished session reopens it after the quiet period of the settings, as in the bridge."""
    [ref] = at(ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    at(ledger, 2).work.expect("s", ref.version, [], signals_seen=0)
    assert at(ledger, 3).work.finish("s", ref.version, message=None)
    letter = keep(ledger, "lightweight", signal("s").payload)
    groove("dead-letters", "retry", letter, GROOVE_BRIDGE__LATE_EVENT_QUIET_SECONDS="0")
    assert [again.session_id for again in ledger.sweep.reopen_quiet()] == ["s"]


def test_a_dead_letter_that_is_too_long_stays_one(groove: Groove, ledger: Ledger) -> None:
    """Until the limit is raised: a message that the bridge refuses does not come in by hand."""
    letter = keep(ledger, "heavy", heavy("s", note="x" * 2000).payload)
    said = groove("dead-letters", "retry", letter, status=1, GROOVE_BRIDGE__MAX_MESSAGE_BYTES="1024")
    assert "more than bridge.max_message_bytes" in said
    groove("dead-letters", "retry", letter)


def test_a_session_whose_payload_is_gone_is_not_tried_again(groove: Groove, ledger: Ledger) -> None:
    """That is said, and nothing begins."""
    [ref] = at(ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    assert at(ledger, 10**15).work.fail_session("s", ref.version, "no transcript")
    [letter] = ledger.dead_letters.find()
    [again] = at(ledger, 2).retries.retry(session_id="s").sessions
    at(ledger, 3).work.expect("s", again.version, [], signals_seen=0)
    assert at(ledger, 4).work.finish("s", again.version, message=None)
    at(ledger, 10**15).retention.prune(keep_days=1)
    assert "no longer kept" in groove("dead-letters", "retry", str(letter.id), status=1)
    assert "no longer kept" in groove("tasks", "retry", "--session", "s", status=1)
    assert json.loads(groove("replay", "--session", "s", "--json", status=1))["left"] == ["s"]
    assert ledger.history.session_detail("s").state == "finished"


def test_a_result_that_the_log_refuses_is_told(groove: Groove, ledger: Ledger, broker_url: str) -> None:
    """Sent again to a topic that is not there, it stays in the outbox, and the exit status is 1."""
    [ref] = at(ledger, 1).intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    at(ledger, 2).work.expect("s", ref.version, [], signals_seen=0)
    message = OutboxMessage(message_id=UUID(int=1), stream="nowhere", topic="sessions", key="s", payload=b"{}")
    assert at(ledger, 3).work.finish("s", ref.version, message=message)
    ledger.outbox.mark_sent([ledger.outbox.unsent(1)[0].id])
    said = groove("outbox", "resend", "--session", "s", status=1, GROOVE_BROKER=broker_url)
    assert "1 message left in the outbox" in said

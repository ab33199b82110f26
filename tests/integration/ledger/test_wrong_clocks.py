"""No clock decides anything but the database's; and that one, set back or far ahead, loses nothing and leaves nothing waiting."""

from collections.abc import Callable
from uuid import UUID

import pytest
from fixtures.ledger import QUIET, at, complete, heavy, next_attempt, signal
from fixtures.postgresql import PostgreSQL

from worker.ledger import EntryState, Gates, Ledger, OutboxMessage, Overdue, SessionRef, open_ledger
from worker.system.clock import DAY, HOUR, SECOND, now_micros

Attributing = Callable[..., SessionRef]
Receive = Callable[..., list[SessionRef]]

NOW = 10_000_000 * SECOND
#: written by a clock that was set back since
AHEAD = NOW + HOUR
YEAR = 365 * DAY
#: nothing but a stored time in the future can be overdue
LONG_AGO = Gates(prepare=1, attribute=1, finish=1)


def overdue(ledger: Ledger, gates: Gates = LONG_AGO) -> Overdue:
    return at(ledger, NOW).sweep.overdue(gates)


def ended(ledger: Ledger, ref: SessionRef, number: int, moment: int) -> None:
    """Finished, with a message."""
    message = OutboxMessage(message_id=UUID(int=number), stream="out", topic="t", key=ref.session_id, payload=b"x")
    assert at(ledger, moment).work.finish(ref.session_id, ref.version, message=message)


# ----------------------------------------------------------------- a process's own clock


@pytest.mark.parametrize("years", [1, -1])
def test_a_process_whose_clock_is_a_year_off(
    years: int, postgresql: PostgreSQL, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it writes bears the server's time, and it finds overdue and throws away just what another process would."""
    before = now_micros()
    monkeypatch.setattr("worker.system.clock.time.time_ns", lambda: (before + years * YEAR) * 1000)
    assert abs(now_micros() - before) == YEAR
    ledger = open_ledger(postgresql_url)
    assert abs(ledger.now() - before) < HOUR
    [ref] = ledger.intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
    ledger.work.expect("s", ref.version, ["a", "b"], signals_seen=0)
    ledger.work.complete_entries("s", ref.version, {"a": b"{}"})
    ledger.work.fail_entry("s", ref.version, "b", "no", max_tries=3, retry_seconds=3600)
    [started] = ledger.intake.receive(heavy=[heavy("p")], ablation_rate=0.1)
    ledger.work.start_session("p", started.version)

    stored = [entry.sent_at for entry in ledger.work.entries("s", ref.version)]
    stored += [step.at for step in ledger.history.session_detail("s").steps]
    assert all(abs(moment - before) < HOUR for moment in stored)
    moment = ledger.now() - HOUR
    found = ledger.sweep.overdue(Gates(prepare=moment, attribute=moment, finish=moment))
    assert (found.prepare, found.attribute, found.finish) == ([], [], [])
    pruned = ledger.retention.prune(keep_days=1)
    assert (pruned.payloads, pruned.steps) == (0, 0)
    assert ledger.counts.count().overdue == 0
    ledger.dispose()


# ----------------------------------------------------------------- the database's clock was set back


def test_what_was_sent_by_the_old_time_is_lost(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """A preparation, a learning and a finish: each is sent again once, by the new time."""
    [unprepared] = receive(heavy("p"), now=AHEAD)
    attributing("s", ["a"], now=AHEAD)
    last = attributing("t", ["a"], now=AHEAD)
    complete(ledger, "t", last.version, "a", AHEAD)
    found = overdue(ledger)
    assert (found.prepare, [entry.session_id for entry in found.attribute], found.finish) == (
        [unprepared],
        ["s"],
        [last],
    )
    resent = at(ledger, NOW).sweep.send_again(found, max_tries=1)
    assert (len(resent.prepare), len(resent.attribute), len(resent.finish)) == (1, 1, 1)
    assert overdue(ledger).attribute == []
    assert overdue(ledger).prepare == []


def test_nothing_is_lost_behind_a_closed_gate(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """While a message of the old time is next in its queue, those behind it wait for their turn."""
    receive(heavy("p"), now=AHEAD)
    attributing("s", ["a"], now=AHEAD)
    found = overdue(ledger, Gates(prepare=0, attribute=0, finish=0))
    assert (found.prepare, found.attribute, found.finish) == ([], [], [])


def test_a_step_back_is_no_death(ledger: Ledger, attributing: Attributing) -> None:
    """A learning that a living process began by the old time is sent again without a try spent."""
    ref = attributing("s", ["a"], now=AHEAD)
    at(ledger, AHEAD).work.expect("s", ref.version, ["a"], signals_seen=0)
    at(ledger, AHEAD).work.start_entries("s", ref.version, ["a"])
    resent = at(ledger, NOW).sweep.send_again(overdue(ledger), max_tries=1)
    assert len(resent.attribute) == 1
    assert ledger.work.entry_state("s", ref.version, "a").tries == 0


def test_a_retry_by_the_old_time(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """It is due now, and not when that clock says; a retry that is merely to come stays."""
    ref = attributing("s", ["a", "b"], now=NOW)
    for moment, learning_id in ((AHEAD, "a"), (NOW, "b")):
        at(ledger, moment).work.fail_entry("s", ref.version, learning_id, "broke", max_tries=3, retry_seconds=5)
    [unprepared] = receive(heavy("p"), now=NOW)
    at(ledger, AHEAD).work.fail_preparation("p", unprepared.version, "broke", max_tries=3, retry_seconds=5)
    found = overdue(ledger)
    assert (found.prepare, [entry.learning_id for entry in found.attribute]) == ([unprepared], ["a"])


def test_clocks_may_differ_a_little(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """Nothing is lost that another machine may just have written, nor what has ended."""
    receive(heavy("p"), now=NOW + 59 * SECOND)
    attributing("s", ["a"], now=NOW + 59 * SECOND)
    done = attributing("t", ["a"], now=AHEAD)
    complete(ledger, "t", done.version, "a", AHEAD)
    ended(ledger, done, 1, AHEAD)
    found = overdue(ledger)
    assert (found.prepare, found.attribute, found.finish) == ([], [], [])
    assert ledger.work.entry_state("t", done.version, "a").state == EntryState.DONE


def test_late_signals_by_the_old_time(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """Their session is reopened at once; one whose quiet period is running keeps it."""
    refs = [attributing(name, [], now=NOW) for name in ("ahead", "right")]
    receive(signal("ahead"), now=AHEAD)
    receive(signal("right"), now=NOW - 1)
    assert at(ledger, NOW).sweep.reopen_quiet() == [next_attempt(refs[0])]
    assert at(ledger, NOW + QUIET - 1).sweep.reopen_quiet() == [next_attempt(refs[1])]


def test_looks_for_a_transcript_by_the_old_time(ledger: Ledger, receive: Receive) -> None:
    """The next look is due now; a session that is looked for soon keeps its turn."""
    for name, moment in (("ahead", AHEAD), ("right", NOW)):
        [ref] = receive(heavy(name), now=moment)
        at(ledger, moment).work.mark_waiting(name, ref.version, reason="", pause_seconds=30)
    assert [waiting.session_id for waiting in at(ledger, NOW).sweep.waiting()] == ["ahead"]
    assert len(at(ledger, NOW + 30 * SECOND).sweep.waiting()) == 2


def test_a_message_from_the_future(ledger: Ledger, attributing: Attributing) -> None:
    """It has waited long enough; a young one is left to the finish that wrote it."""
    for number, moment in enumerate((AHEAD, NOW - 1), 1):
        ended(ledger, attributing(f"s{number}", [], now=moment), number, moment)
    assert [message.key for message in at(ledger, NOW).outbox.unsent(min_age_seconds=5)] == ["s1"]


# ----------------------------------------------------------------- the database's clock is far ahead


def test_a_clock_a_year_ahead_throws_away_a_day(ledger: Ledger, attributing: Attributing, receive: Receive) -> None:
    """Of sessions, messages and signals the oldest day goes at each look, never all at once; and then the next day."""
    for number in range(4):
        moment = NOW + number * DAY
        ended(ledger, attributing(f"s{number}", [], now=moment), number + 1, moment)
        receive(signal("never", number), now=moment)
        at(ledger, moment).outbox.mark_sent([message.id for message in ledger.outbox.unsent()])
    ahead = at(ledger, NOW + YEAR).retention
    for left in (3, 2):
        pruned = ahead.prune(keep_days=90)
        assert (pruned.payloads, pruned.lightweight, pruned.outbox) == (1, 1, 1)
        assert ledger.counts.count().payloads == left
    assert at(ledger, NOW + 4 * DAY).retention.prune(keep_days=90).payloads == 0


def test_a_clock_a_year_ahead_spends_no_try(ledger: Ledger, receive: Receive, attributing: Attributing) -> None:
    """What is under way seems overdue and is sent once more; it does not fail, and goes on when the clock is right again."""
    ref = attributing("s", ["a"], now=NOW)
    late = at(ledger, NOW + YEAR)
    moment = NOW + YEAR - HOUR
    resent = late.sweep.send_again(
        late.sweep.overdue(Gates(prepare=moment, attribute=moment, finish=moment)), max_tries=1
    )
    assert len(resent.attribute) == 1
    assert ledger.work.entry_state("s", ref.version, "a").tries == 0
    assert complete(ledger, "s", ref.version, "a", NOW + SECOND)
    assert overdue(ledger, Gates(prepare=0, attribute=0, finish=NOW + 9 * SECOND)).finish == [ref]

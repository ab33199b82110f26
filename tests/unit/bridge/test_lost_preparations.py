"""Which preparations count as lost because nobody who holds them shows life."""

from bridge.maintenance.lost_preparations import LostPreparations
from worker.domain import SessionVersion
from worker.ledger import SessionRef
from worker.liveness.broker_heartbeat import Heartbeat


def ref(session_id: str) -> SessionRef:
    return SessionRef(session_id=session_id, version=SessionVersion(timestamp=1, event_id="e"))


def sent(*refs: SessionRef, at: int = 1) -> dict[SessionRef, int]:
    return dict.fromkeys(refs, at)


def beat(at: int, *held: str, part: str = "embedding@one") -> Heartbeat:
    return Heartbeat(part=part, version="1", at=at, held=tuple(map(ref, held)))


def test_what_a_living_worker_holds_is_never_lost() -> None:
    """However long it takes, as long as the heartbeat changes."""
    preparations = LostPreparations(seconds=20)
    for second in range(0, 400, 5):
        assert preparations.among(sent(ref("s")), [beat(second, "s")], second) == []


def test_a_silent_worker_loses_what_it_held() -> None:
    """After its heartbeat has stood still for one period and nobody else has taken it for another."""
    preparations = LostPreparations(seconds=20)
    found = {second: preparations.among(sent(ref("s")), [beat(7, "s")], second) for second in range(0, 60, 5)}
    assert [second for second, lost in found.items() if lost] == [40, 45, 50, 55]
    assert found[40] == [ref("s")]


def test_a_worker_that_began_anew_holds_nothing_of_before() -> None:
    """One that was killed and started again under its name shows life, but not for the session: one period is enough."""
    preparations = LostPreparations(seconds=20)
    assert preparations.among(sent(ref("s")), [beat(0, "s")], 0) == []
    found = {second: preparations.among(sent(ref("s")), [beat(second)], second) for second in range(5, 40, 5)}
    assert [second for second, lost in found.items() if lost] == [25, 30, 35]


def test_another_worker_may_take_it_in_time() -> None:
    """A message that changes hands, or was just taken when its worker showed life, is not lost."""
    preparations = LostPreparations(seconds=20)
    for second in range(0, 35, 5):
        assert preparations.among(sent(ref("s")), [beat(7, "s")], second) == []
    other = "embedding@two"
    for second in range(35, 200, 5):
        assert preparations.among(sent(ref("s")), [beat(7, "s"), beat(second, "s", part=other)], second) == []


def test_a_short_cut_is_no_death() -> None:
    """A worker that shows life again before both periods are over keeps its session."""
    preparations = LostPreparations(seconds=20)
    for second in (0, 5, 10, 15, 20, 25, 30, 35):
        assert preparations.among(sent(ref("s")), [beat(0, "s")], second) == []
    for second in range(39, 100, 5):
        assert preparations.among(sent(ref("s")), [beat(second, "s")], second) == []


def test_after_a_pause_all_begins_again() -> None:
    """While the broker could not be asked, the workers could not show life either."""
    preparations = LostPreparations(seconds=20)
    for second in (0, 5, 10, 15, 20, 25, 30):
        assert preparations.among(sent(ref("s")), [beat(0, "s")], second) == []
    found = {second: preparations.among(sent(ref("s")), [beat(0, "s")], second) for second in range(100, 160, 5)}
    assert [second for second, lost in found.items() if lost] == [140, 145, 150, 155]


def test_a_session_that_ended_and_came_again_counts_anew() -> None:
    """What was no longer taken in between is not held against it."""
    preparations = LostPreparations(seconds=20)
    for second in (0, 5, 10, 15):
        assert preparations.among(sent(ref("s")), [], second) == []
    assert preparations.among(sent(), [], 18) == []
    for second in (22, 30, 40):
        assert preparations.among(sent(ref("s")), [], second) == []
    assert preparations.among(sent(ref("s")), [], 42) == [ref("s")]


def test_what_another_sweeper_sent_again_is_waited_for_anew() -> None:
    """The time without a holder counts from the latest sending, or two sweepers would send one loss twice."""
    preparations = LostPreparations(seconds=20)
    for second in range(0, 20, 5):
        assert preparations.among(sent(ref("s")), [beat(second)], second) == []
    assert preparations.among(sent(ref("s"), at=2), [beat(20)], 20) == []
    assert preparations.among(sent(ref("s"), at=2), [beat(39)], 39) == []
    assert preparations.among(sent(ref("s"), at=2), [beat(40)], 40) == [ref("s")]

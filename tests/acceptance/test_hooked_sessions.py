"""The experiment inside an assistant, by itself: a stand-in calls the installed hook, with the real stack beside it half of the time."""

import pytest
from acceptance.groove_command import Groove
from assistant_standin.hooked_run import HookedRun

pytestmark = pytest.mark.timeout(600)


def test_sessions_take_part_by_themselves(groove: Groove) -> None:
    """Each draw is the store's, nothing comes twice, every record is in its transcript, also of the time in which the stack was away."""
    run = HookedRun.begin(groove, rate=0.5)
    run.work(16, is_away=True)
    found = run.end()
    assert found["sessions"] == found["recorded"] == found["agree"] == 18
    assert (found["hooks_not_well"], found["records_damaged"], found["refused"]) == (0, 0, 0)
    assert (found["contexts_wrong"], found["drawn_otherwise"], found["otherwise_in_the_store"]) == ([], [], [])
    assert found["disagree"] == {}
    assert found["may_go"] == [], "so few sessions prove nothing"
    assert found["chi_square_p"] > 0.001
    assert all(0 < count < 16 for count in found["withheld_of"][1].values())

"""Commands about several learnings or sessions at once, on a data folder that a team has filled."""

from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from quick import fill

from worker.settings import load_settings


@pytest.fixture
def groove(tmp_path: Path, groove: Groove) -> Groove:
    fill(load_settings(groove.environ()), sessions=60)
    return groove


def test_several_are_decided_about_and_taken_back_together(groove: Groove) -> None:
    """A line for each; one id that nobody knows, or one with nothing to take back, and the others are as the answer says."""
    told = groove("learnings", "disable", "jq", "profile", "--reason", "trial").splitlines()
    assert [line.partition(" by ")[0] for line in told] == ["jq: disabled", "profile: disabled"]
    assert "no such learning" in groove("learnings", "disable", "audit", "nobody", status=1)
    assert [line["kind"] for line in groove.json("learnings", "history", "audit")] == ["imported"]
    assert "no such learning" in groove("learnings", "undo", "jq", "nobody", status=1)
    assert groove.json("learnings", "history", "jq")[-1]["kind"] == "disabled"
    assert "--line is of one" in groove("learnings", "undo", "jq", "profile", "--line", "2", status=2)
    undone = groove("learnings", "undo", "jq", "audit", "profile", status=1)
    assert "jq: line 2 undone by" in undone
    assert "profile: line 2 undone by" in undone
    assert "audit: nobody decided anything about it" in undone
    assert {groove.json("show", each)["value"]["status"] for each in ("jq", "profile", "audit")} == {"Active"}


def test_sessions_are_chosen_by_their_ending_and_their_project(groove: Groove) -> None:
    """Each finished session in one ending and one project, and both together are those that are in each."""

    def chosen(*options: str) -> set[str]:
        return {line["session_id"] for line in groove.json("sessions", "list", "--limit", "1000", *options)}

    endings = {each: chosen("--outcome", each) for each in ("good", "bad", "neither")}
    projects = {each: chosen("--project", each) for each in ("shop", "billing")}
    assert sum(map(len, endings.values())) == sum(map(len, projects.values())) == len(chosen("--state", "finished"))
    assert min(map(len, (endings["good"], endings["bad"], *projects.values()))) > 0
    assert chosen("--outcome", "bad", "--project", "shop") == endings["bad"] & projects["shop"]
    assert chosen("--outcome", "bad", "--project", "nowhere") == set()
    assert "is not one of" in groove("sessions", "list", "--outcome", "fine", status=2)

"""A section of which a session had learnings: it has the draw, they were not randomised by themselves."""

import json
from typing import Any

import pytest

from worker.attribution.assignments import settle_assignments
from worker.domain import Assignment
from worker.formats.heavy_event import HeavyEvent, read_heavy_event


def event(**fields: Any) -> HeavyEvent:
    document = {"session_id": "s", "outcome": 0.5, **fields}
    return read_heavy_event(json.dumps(document).encode(), logged_at=1)


def logged(*, was_withheld: bool) -> dict[str, Assignment]:
    def line(learning_id: str, drawn_with: str = "") -> Assignment:
        return Assignment(
            learning_id=learning_id, withhold_probability=0.5, was_withheld=was_withheld, epoch=2, drawn_with=drawn_with
        )

    return {"a": line("a", "section"), "b": line("b", "section"), "section": line("section")}


@pytest.mark.parametrize("was_withheld", [False, True], ids=["injected", "withheld"])
def test_the_section_has_the_draw(was_withheld: bool) -> None:
    """Though the event does not name it; its learnings keep what happened to them, at no chance of their own."""
    field = "withheld_learnings" if was_withheld else "active_learnings"
    told = event(**{"active_learnings": [], "withheld_learnings": []} | {field: ["a", "b"]})
    settled = settle_assignments(told, logged(was_withheld=was_withheld), ablation_rate=0.1)
    assert {id_: (a.withhold_probability, a.was_withheld, a.epoch) for id_, a in settled.assignments.items()} == {
        "a": (0.0, was_withheld, 2),
        "b": (0.0, was_withheld, 2),
        "section": (0.5, was_withheld, 2),
    }
    assert not settled.mismatched


def test_a_section_that_was_not_followed_is_no_experiment() -> None:
    """One of its learnings was injected all the same: the section's record says so and stands in no arm."""
    told = event(active_learnings=["a"], withheld_learnings=["b"])
    settled = settle_assignments(told, logged(was_withheld=True), ablation_rate=0.1)
    assert settled.mismatched == {"a", "section"}
    assert settled.assignments["section"].withhold_probability == 0
    assert settled.assignments["section"].was_withheld


def test_a_section_of_which_nothing_is_told_is_not_in_the_session() -> None:
    """Injected by the log, but the event names none of its learnings."""
    told = event(active_learnings=["other"], withheld_learnings=[])
    settled = settle_assignments(told, logged(was_withheld=False), ablation_rate=0.1)
    assert set(settled.assignments) == {"other"}


def test_an_event_may_say_that_nothing_reached_the_session() -> None:
    """The assistant dropped what a hook gave it: what our log withheld is not in the session, and what is in it was not randomised."""
    told = event(active_learnings=["a"], took_part=False)
    settled = settle_assignments(told, logged(was_withheld=True), ablation_rate=0.1)
    assert {id_: (a.was_withheld, a.withhold_probability) for id_, a in settled.assignments.items()} == {
        "a": (False, 0.0)
    }
    assert not settled.mismatched

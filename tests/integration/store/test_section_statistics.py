"""A section that is drawn as one is judged by the statistics of a single learning: beside it a store that knows the section alone."""

import json
from collections.abc import Callable, Iterator
from random import Random

import pytest
from fixtures.store import learning, record, version

from worker.attribution.assignments import settle_assignments
from worker.domain import DecisionKind, LearningStatus, LearningValue, SessionBackground, VerdictKind
from worker.formats.heavy_event import read_heavy_event
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore

MEMBERS, SECTION, OTHERS = ("a", "b", "c"), "section", ("alone", "beside")
SESSIONS, REFRESH = 160, 40
Teams = tuple[AttributionStore, AttributionStore]


@pytest.fixture
def teams() -> Iterator[Teams]:
    """A store where the section's learnings are drawn with it, and one where it is a learning like the others."""
    together, single = CozoStore(None), CozoStore(None)
    together.import_learnings([learning(id_) for id_ in (*MEMBERS, SECTION, *OTHERS)], actor="alex", now=1)
    together.draw_together(dict.fromkeys(MEMBERS, SECTION), actor="alex", now=2)
    single.import_learnings([learning(id_) for id_ in (SECTION, *OTHERS)], actor="alex", now=1)
    yield together, single
    together.close()
    single.close()


def run_session(store: AttributionStore, number: int, asked: tuple[str, ...], effect: float) -> set[str]:
    """From its assignment to its end, of which a project's level tells a part -> what went without."""
    random = Random(number)
    session_id, project = f"s{number}", random.randrange(2)
    decided = {one.learning_id: one.decision for one in store.assign(session_id, list(asked), now=4)}
    withheld = {id_ for id_, decision in decided.items() if decision == "withhold"}
    has_section = not withheld & {MEMBERS[0], SECTION}
    outcome = 0.5 if random.random() < 0.3 + 0.4 * project + effect * has_section else -0.5
    told = {
        "session_id": session_id,
        "outcome": outcome,
        "active_learnings": [id_ for id_, decision in decided.items() if decision == "inject"],
        "withheld_learnings": sorted(withheld),
    }
    event = read_heavy_event(json.dumps(told).encode(), logged_at=1000 + number)
    opened = store.open_session(session_id, version(1000 + number), list(event.expected_learnings))
    settled = settle_assignments(event, opened.assignments, ablation_rate=0.1)
    records = [
        record(
            id_,
            session_id,
            1000 + number,
            # what followed uses is each learning's own: without uses only the experiment is left to compare
            was_activated=False,
            was_withheld=each.was_withheld,
            withhold_probability=each.withhold_probability,
            session_outcome=outcome,
            epoch=each.epoch,
            background=SessionBackground(levels=(f"project={project}",), outcome=outcome),
        )
        for id_, each in settled.assignments.items()
    ]
    store.finish_session(session_id, version(1000 + number), records=records)
    return withheld


def run_both(teams: Teams, effect: float, *, until: Callable[[LearningValue], bool]) -> LearningValue:
    """Session by session, the section's value is the single learning's, between two refreshes as after one."""
    together, single = teams
    for number in range(SESSIONS):
        withheld = run_session(together, number, (*MEMBERS, *OTHERS), effect)
        alone = run_session(single, number, (SECTION, *OTHERS), effect)
        assert (withheld - set(MEMBERS), set(MEMBERS) <= withheld) == (alone - {SECTION}, SECTION in alone)
        if number % REFRESH == REFRESH - 1:
            together.refresh_values()
            single.refresh_values()
        value = single.get_learning_value(SECTION)
        assert together.get_learning_value(SECTION) == value
        if until(value):
            break
    return value


def test_a_harmful_section_is_removed_when_a_learning_would_be(teams: Teams) -> None:
    """At the session where the odds suffice; its learnings have no experiment and no verdict of their own."""
    value = run_both(teams, -0.4, until=lambda value: value.status is LearningStatus.DEPRECATED)
    assert value.verdict.kind is VerdictKind.REMOVE
    for id_ in MEMBERS:
        own = teams[0].get_learning_value(id_)
        assert (own.experiment, own.verdict.kind, own.next_withhold_probability) == (None, VerdictKind.UNDECIDED, 0.0)
        assert "its section" in own.verdict.reason
    assert {one.decision for one in teams[0].assign("later", [*MEMBERS], now=5)} == {"excluded"}
    [section] = teams[0].list_sections()
    assert (section.value, [one.learning_id for one in section.learnings]) == (value, list(MEMBERS))


def test_a_helpful_section_is_kept_when_a_learning_would_be(teams: Teams) -> None:
    """Then it is withheld no more, and its learnings with it."""
    value = run_both(teams, 0.4, until=lambda value: value.verdict.kind is VerdictKind.KEEP)
    assert value.verdict.kind is VerdictKind.KEEP
    assert value.next_withhold_probability == 0
    decided = teams[0].assign("later", [*MEMBERS], now=5)
    assert {(one.decision, one.withhold_probability) for one in decided} == {("inject", 0.0)}


def test_models_and_fleet_see_a_section_and_not_its_learnings(teams: Teams) -> None:
    """What sessions were to be expected to come to, and what all learnings share, is as if the section were one learning."""
    run_both(teams, 0.0, until=lambda _: False)
    together, single = teams
    assert together.get_outlook() == single.get_outlook()
    assert together.get_outlook().models == 5
    for id_ in OTHERS:
        assert together.get_learning_value(id_) == single.get_learning_value(id_)
    assert together.rebuild(repair=False) == []


@pytest.mark.parametrize("decision", [DecisionKind.DISABLED, DecisionKind.PINNED])
def test_a_decision_on_a_section_is_one_on_a_learning(teams: Teams, decision: DecisionKind) -> None:
    """A pinned one is never removed, and from a disabled one no evidence comes."""
    for store in teams:
        store.decide(SECTION, decision, actor="alex", reason="", now=3)
    value = run_both(teams, -0.4, until=lambda _: False)
    assert value.status is (LearningStatus.DISABLED if decision is DecisionKind.DISABLED else LearningStatus.ACTIVE)
    assert (value.experiment is None) == (decision is DecisionKind.DISABLED)

"""A section that is drawn as one comes to a verdict of its own, through the log and the records; its learnings go with it."""

import json
from collections.abc import Iterator

import pytest
from fixtures.store import learning, record, version

from worker.attribution.assignments import settle_assignments
from worker.domain import DecisionKind, LearningStatus, VerdictKind
from worker.formats.heavy_event import read_heavy_event
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore
from worker.store.section_told import SectionTold, told_of

MEMBERS = ["a", "b", "c"]
SECTION, ALONE = "section", "alone"
SESSIONS = 220


@pytest.fixture
def sections() -> Iterator[AttributionStore]:
    store = CozoStore(None)
    store.import_learnings([learning(id_) for id_ in (*MEMBERS, SECTION, ALONE)], actor="alex", now=1)
    store.draw_together(dict.fromkeys(MEMBERS, SECTION), actor="alex", now=2)
    for id_ in (SECTION, ALONE):
        store.decide(id_, DecisionKind.TRIED, actor="alex", reason="", now=3)
    yield store
    store.close()


def run_session(store: AttributionStore, number: int) -> bool:
    """From the question before it to its end: it fails with the section, and succeeds without -> whether it went without."""
    session_id = f"s{number}"
    answers = store.assign(session_id, [*MEMBERS, ALONE], now=4)
    decided = {answer.learning_id: answer.decision for answer in answers}
    assert len({decided[id_] for id_ in MEMBERS}) == 1
    without = decided["a"] == "withhold"
    outcome = 1.0 if without else -1.0
    told = {
        "session_id": session_id,
        "outcome": outcome,
        "active_learnings": [id_ for id_, decision in decided.items() if decision == "inject"],
        "withheld_learnings": [id_ for id_, decision in decided.items() if decision == "withhold"],
    }
    event = read_heavy_event(json.dumps(told).encode(), logged_at=1000 + number)
    opened = store.open_session(session_id, version(1000 + number), list(event.expected_learnings))
    settled = settle_assignments(event, opened.assignments, ablation_rate=0.1)
    records = [
        record(
            id_,
            session_id,
            1000 + number,
            was_withheld=each.was_withheld,
            withhold_probability=each.withhold_probability,
            session_outcome=outcome,
            epoch=each.epoch,
            assignment_mismatch=id_ in settled.mismatched,
        )
        for id_, each in settled.assignments.items()
    ]
    store.finish_session(session_id, version(1000 + number), records=records)
    return without


def test_the_section_has_the_verdict(sections: AttributionStore) -> None:
    """Its harm is its own: no learning of it is blamed by itself, and one that was drawn beside it is not either."""
    withheld = []
    for number in range(SESSIONS):
        if sections.get_learning_value(SECTION).status is LearningStatus.DEPRECATED:
            break
        withheld.append(run_session(sections, number))
    value = sections.get_learning_value(SECTION)
    assert (value.status, value.verdict.kind) == (LearningStatus.DEPRECATED, VerdictKind.REMOVE)
    assert (value.sessions_without, value.sessions_with) == (sum(withheld), len(withheld) - sum(withheld))
    for id_ in MEMBERS:
        own = sections.get_learning_value(id_)
        assert (own.sessions_with, own.sessions_without, own.session_count) == (0, 0, len(withheld))
        assert own.verdict.kind is VerdictKind.UNDECIDED
        assert own.temporal_confidence > 0
    assert sections.get_learning_value(ALONE).verdict.kind is not VerdictKind.REMOVE
    answers = {a.learning_id: a for a in sections.assign("later", [*MEMBERS, ALONE], now=5)}
    assert {answers[id_].decision for id_ in MEMBERS} == {"excluded"}
    assert answers["a"].reason.startswith("its section section is Deprecated: harm is proven, and by estimate")
    assert answers[ALONE].decision != "excluded"
    assert {line.disabled for line in sections.publish_policy(MEMBERS, now=6).learnings} == {True}
    health = {each.learning_id: each for each in sections.list_health()}
    assert not any(companion.learning_id in MEMBERS for companion in health["a"].companions)
    assert sections.rebuild(repair=False) == []


def test_what_the_verdict_says_of_the_learnings(sections: AttributionStore) -> None:
    """The mean of all with its interval, and their uses beside it; in words for the section and for each. Others hear nothing."""
    assert "“undecided” is about all 3 learnings of section together; " in told(sections, "a").sentence
    for number in range(SESSIONS):
        run_session(sections, number)
    of_one, of_all = told(sections, "a"), told(sections, SECTION)
    result = sections.get_learning_value(SECTION).experiment
    assert result is not None
    assert (of_one.section_id, of_one.verdict) == (SECTION, sections.get_learning_value(SECTION).verdict.kind)
    assert (of_one.mean_effect, of_one.mean_low, of_one.mean_high) == (
        result.marginal_value / 3,
        result.interval_low / 3,
        result.interval_high / 3,
    )
    assert [each.learning_id for each in of_one.members] == MEMBERS
    assert of_one.members == of_all.members
    assert "this one may be better or worse" in of_one.sentence
    assert "one of them may harm while the others help" in of_all.sentence
    assert sections.list_sections(of=ALONE) == []
    assert [each.section.learning_id for each in sections.list_sections(of="b")] == [SECTION]


def told(store: AttributionStore, learning_id: str) -> SectionTold:
    (section,) = store.list_sections(of=learning_id)
    return told_of(section, learning_id)

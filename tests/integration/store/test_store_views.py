"""What pages are made of is what the records say, page by page, on every kind of store."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import pytest
from fixtures.store import attribute, learning, record, version

from worker.domain import (
    AttributionRecord,
    DecisionKind,
    LearningCategory,
    LearningStatus,
    SessionBackground,
    VerdictKind,
)
from worker.errors import NotFound
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore
from worker.store.shapes.experiments import Stage
from worker.store.shapes.learning import LeanRecord, RecordSort, RecordsWanted
from worker.store.shapes.learnings import LearningSort, LearningsWanted
from worker.store.shapes.sessions import Ending, SessionsWanted
from worker.system.clock import DAY

A, B, C = "learning-a", "learning-b", "c"
START = 1000 * DAY


@pytest.fixture(autouse=True)
def _known(store: AttributionStore) -> None:
    known = [
        learning(A, insight="x" * 41),
        learning(B, insight="Ask FIRST", scope={"Project": "/home/a b"}),
        learning(C, category=LearningCategory.SOLUTION),
    ]
    store.import_learnings(known, actor="alex", now=START)


def work(store: AttributionStore, *learning_ids: str, sessions: int = 90, start: int = START) -> None:
    """Sessions a tenth of a day apart; half of them go without, some are not randomised."""
    dice = random.Random(sessions)
    for number in range(sessions):
        at, session_id = start + number * DAY // 10, f"s{start}-{number}"
        records = [
            record(
                id_,
                session_id,
                at,
                withhold_probability=dice.choice([0.0, 0.5, 0.5]),
                was_withheld=False,
                was_activated=dice.random() < 0.5,
                activation_confidence=dice.choice([0.5, 0.7, 0.9]),
                session_outcome=dice.choice([-1.0, -0.5, 1.0]),
            )
            for id_ in learning_ids
        ]
        records = [_withheld(one) if one.withhold_probability and number % 2 else one for one in records]
        store.finish_session(session_id, version(at), records=records)


def _withheld(one: AttributionRecord) -> AttributionRecord:
    return record(
        one.learning_id,
        one.session_id,
        one.timestamp,
        withhold_probability=0.5,
        was_withheld=True,
        was_activated=False,
        session_outcome=one.session_outcome,
    )


def test_the_interval_closes_in_on_the_value_s_own(store: AttributionStore) -> None:
    """The last point is the value's result to the last digit; each point has all records until then, and every record is in one."""
    work(store, A)
    value, found = store.get_learning_value(A), store.views.over_time(A, points=20)
    assert value.experiment is not None
    assert found.points[-1].result == value.experiment
    assert len(found.points) <= 20
    assert sum(point.sessions for point in found.points) == value.session_count
    records = store.get_attributions_for_learning(A)
    assert (found.first_at, found.newest_at) == (records[-1].timestamp, records[0].timestamp)
    for before, point in pairwise(found.points):
        until = [r for r in records if r.timestamp <= point.at]
        randomised = [r.was_withheld for r in until if r.withhold_probability]
        assert (point.sessions_without, point.sessions_with) == (randomised.count(True), randomised.count(False))
        stretch = [r for r in until if r.timestamp > before.at]
        assert (point.sessions, point.injected) == (len(stretch), sum(not r.was_withheld for r in stretch))
        assert point.used == sum(r.was_activated for r in stretch)
    assert [point.result for point in store.views.over_time(A, points=1).points] == [value.experiment]
    results = [point.result for point in found.points if point.result]
    assert results[0].interval_high - results[0].interval_low > results[-1].interval_high - results[-1].interval_low


def test_an_epoch_has_its_own_picture(store: AttributionStore) -> None:
    """The present one unless another is asked for; decisions stand beside, those that were taken back marked."""
    assert store.views.over_time(A, points=60).points == ()
    work(store, A, sessions=20)
    old = store.views.over_time(A, points=60)
    enabled = store.decide(A, DecisionKind.ENABLED, actor="kim", reason="", now=START + 100 * DAY)
    fresh = store.views.over_time(A, points=60)
    assert (fresh.epoch, fresh.points) == (2, ())
    assert store.views.over_time(A, points=60, epoch=1).points == old.points
    assert store.views.over_time(A, points=60, epoch=9).points == ()
    undone = store.undo(A, number=None, actor="kim", reason="", now=START + 101 * DAY)
    marks = store.views.over_time(A, points=60).marks
    assert [(mark.number, mark.kind, mark.is_undone) for mark in marks if mark.actor == "kim"] == [
        (enabled.number, DecisionKind.ENABLED, True),
        (undone.number, DecisionKind.UNDONE, False),
    ]


def test_both_arms_are_counted_by_outcome(store: AttributionStore) -> None:
    """The randomised sessions of the epoch, and the weighted means whose difference is the result's."""
    assert store.views.arms(A).outcomes == ()
    assert store.views.arms(A).mean_with is None
    work(store, A)
    arms, experiment = store.views.arms(A), store.get_experiment(A)
    for was_withheld, sessions in ((False, experiment.sessions_with), (True, experiment.sessions_without)):
        counted = {o.outcome: o.records for o in arms.outcomes if o.was_withheld is was_withheld}
        assert counted == Counter(session.outcome for session in sessions)
    assert arms.result == experiment.result
    assert arms.result is not None
    assert arms.mean_with is not None
    assert arms.mean_without is not None
    assert arms.mean_with - arms.mean_without == arms.result.marginal_value


@pytest.mark.parametrize("sort", list(RecordSort))
@pytest.mark.parametrize(
    ("chosen", "keeps"),
    [
        ({}, lambda r: True),
        ({"was_withheld": True}, lambda r: r.was_withheld),
        ({"was_withheld": False, "was_used": True}, lambda r: r.was_activated and not r.was_withheld),
        ({"is_randomised": False}, lambda r: not r.withhold_probability),
        ({"epoch": 2}, lambda r: r.epoch == 2),
    ],
    ids=["all", "without", "used", "not randomised", "epoch 2"],
)
def test_records_page_by_page(
    store: AttributionStore, sort: RecordSort, chosen: dict[str, bool], keeps: object
) -> None:
    """Every record that matches once, in the order that was asked for, with the total of them all."""
    assert callable(keeps)
    work(store, A, sessions=40)
    store.decide(A, DecisionKind.ENABLED, actor="kim", reason="", now=START + 50 * DAY)
    work(store, A, sessions=15, start=START + 60 * DAY)
    expected = [r for r in store.get_attributions_for_learning(A) if keeps(r)]
    ranks: dict[RecordSort, Callable[[AttributionRecord], float]] = {
        RecordSort.NEWEST: lambda r: 0.0,
        RecordSort.USED: lambda r: -float(r.was_activated),
        RecordSort.MOVED: lambda r: -abs(r.attributed_value),
    }
    expected.sort(key=lambda r: (ranks[sort](r), -r.timestamp, r.session_id))
    pages = [
        store.views.records(A, RecordsWanted(**chosen, sort=sort, offset=offset, limit=7)) for offset in range(0, 70, 7)
    ]
    assert {page.total for page in pages} == {len(expected)}
    found = [one for page in pages for one in page.records]
    assert [one.session_id for one in found] == [r.session_id for r in expected]
    assert [_lean(r) for r in expected] == found


def _lean(r: AttributionRecord) -> LeanRecord:
    same = {name: getattr(r, name) for name in (f.name for f in fields(LeanRecord)) if hasattr(r, name)}
    return LeanRecord(**same, was_used=r.was_activated, confidence=r.activation_confidence, outcome=r.session_outcome)


def test_sessions_in_sums(store: AttributionStore) -> None:
    """In the order that they were asked for, each once; of what nobody knows, nothing."""
    work(store, A, B, C, sessions=5)
    asked = [f"s{START}-3", "nobody's", f"s{START}-0", f"s{START}-3"]
    found = store.views.sessions(asked)
    assert [summary.session_id for summary in found] == [asked[0], asked[2]]
    for summary in found:
        records = store.get_attributions_for_session(summary.session_id)
        assert (summary.learnings, summary.timestamp) == (3, records[0].timestamp)
        assert summary.used == sum(r.was_activated and not r.was_withheld for r in records)
        assert summary.withheld == sum(r.was_withheld for r in records)
        assert summary.attributed == pytest.approx(sum(r.attributed_value for r in records))
        outcomes = [r.session_outcome for r in records]
        assert (summary.outcome_low, summary.outcome_high) == (min(outcomes), max(outcomes))
    assert store.views.sessions([]) == []


def test_sessions_tell_where_they_ran(store: AttributionStore) -> None:
    """As their background says, until they are forgotten; of those without one nobody said it."""
    levels = ("harness=codex", "project=/p1", "user=kim")
    told = replace(record(A, "told"), background=SessionBackground(levels=levels))
    store.finish_session("told", version(), records=[told])
    attribute(store, "untold", A)
    found = {summary.session_id: summary.levels for summary in store.views.sessions(["untold", "told"])}
    assert found == {"told": levels, "untold": ()}
    store.forget_session("told", dry_run=False)
    assert [summary.session_id for summary in store.views.sessions(["told", "untold"])] == ["untold"]


def test_texts_are_kept_when_they_are_edited(tmp_path: Path) -> None:
    """Each with the epochs that it was in force in; forgetting the learning takes them along."""
    store = CozoStore(tmp_path / "kept")
    store.import_learnings([learning(A, insight="First.")], actor="alex", now=10)
    assert [(t.first_epoch, t.last_epoch, t.insight, t.is_present) for t in store.views.texts(A)] == [
        (1, 1, "First.", True)
    ]
    store.decide(A, DecisionKind.ENABLED, actor="kim", reason="", now=20)
    store.import_learnings([learning(A, insight="Second.")], actor="alex", now=30)
    store.import_learnings([learning(A, insight="Second.", confidence=0.5)], actor="alex", now=35)
    store.import_learnings([learning(A, insight="Third.")], actor="alex", now=40)
    store.decide(A, DecisionKind.ENABLED, actor="kim", reason="", now=50)
    found = store.views.texts(A)
    assert [(t.first_epoch, t.last_epoch, t.since, t.insight) for t in found] == [
        (1, 2, 10, "First."),
        (3, 3, 30, "Second."),
        (4, 5, 40, "Third."),
    ]
    assert [t.is_present for t in found] == [False, False, True]
    store.forget_learning(A, dry_run=False)
    store.import_learnings([learning(A, insight="Anew.")], actor="alex", now=60)
    assert [t.insight for t in store.views.texts(A)] == ["Anew."]
    store.close()


def ids(store: AttributionStore, **wanted: object) -> list[str]:
    found = store.views.learnings(LearningsWanted(**wanted))  # type: ignore[arg-type]  # as the test has it
    return [one.learning.learning_id for one in found.learnings]


def test_learnings_are_chosen_and_ordered(store: AttributionStore) -> None:
    """By text, category, scope, status and verdict; each order the other way round too, with ties by id."""
    work(store, A)
    work(store, B, sessions=10, start=START + 20 * DAY)
    store.decide(C, DecisionKind.DISABLED, actor="kim", reason="", now=START + 40 * DAY)
    assert ids(store, text="first") == [B]
    assert ids(store, category=LearningCategory.SOLUTION) == [C]
    assert ids(store, scope="/home/a b") == [B]
    assert ids(store, scope="Global", sort=LearningSort.ID) == [C, A]
    assert ids(store, status=LearningStatus.DISABLED) == [C]
    assert ids(store, verdict=VerdictKind.KEEP, text="first") == []
    assert ids(store, sort=LearningSort.SESSIONS) == [A, B, C]
    assert ids(store, sort=LearningSort.SESSIONS, reverse=True) == [C, B, A]
    assert ids(store, sort=LearningSort.TOKENS) == [A, C, B]
    assert ids(store, sort=LearningSort.LOW)[0] == A
    assert ids(store, sort=LearningSort.CHANGED) == [B, A, C]
    assert ids(store, sort=LearningSort.ID, offset=1, limit=1) == [A]
    for sort in LearningSort:
        assert sorted(ids(store, sort=sort)) == [C, A, B]


def test_a_page_tells_what_a_table_needs(store: AttributionStore) -> None:
    """Tokens, the newest change, both intervals, sessions a day; and how many there are of each kind that match the text."""
    work(store, A)
    work(store, B, sessions=10, start=START + 20 * DAY)
    page = store.views.learnings(LearningsWanted(sort=LearningSort.ID))
    c, a, b = page.learnings
    assert [entry.value for entry in (c, a, b)] == [store.get_learning_value(id_) for id_ in (C, A, B)]
    assert (a.tokens, b.tokens) == (11, 3)
    assert (a.changed_at, c.changed_at) == (a.value.updated_at, START)
    assert (a.so_far, c.so_far, c.observed, c.sessions_per_day) == (None, None, None, None)
    assert b.so_far == store.get_experiment(B).result
    assert b.so_far is not None
    assert not b.so_far.is_complete
    assert b.observed is not None
    assert b.observed.low < b.value.temporal_value < b.observed.high
    assert a.sessions_per_day == pytest.approx((a.value.sessions_with + a.value.sessions_without) / 8.9)
    assert page.facets.scope == {"/home/a b": 1, "Global": 2}
    assert page.facets.category == {LearningCategory.SOLUTION: 1, LearningCategory.CORRECTION: 2}
    assert sum(page.facets.verdict.values()) == sum(page.facets.status.values()) == page.total == 3
    assert store.views.learnings(LearningsWanted(text="first")).facets.scope == {"/home/a b": 1}


def test_a_page_is_computed_as_of_now(store: AttributionStore) -> None:
    """Another learning's session moves what all are compared with; the page shows it, though it was not computed anew for the order."""
    work(store, A, B, sessions=10)
    store.views.learnings(LearningsWanted())
    attribute(store, "elsewhere", C, timestamp=START + 50 * DAY, session_outcome=-1.0)
    page = store.views.learnings(LearningsWanted())
    assert [entry.value for entry in page.learnings] == store.list_learning_values()
    assert {value.learning_id for value in store.views.latest_values()} == {A, B, C}


def test_all_experiments_at_a_glance(store: AttributionStore) -> None:
    """Each learning at one stage; what the health of one says stands in the lists; sessions are counted by day."""
    work(store, A)
    work(store, B, sessions=10, start=START + 20 * DAY)
    store.decide(C, DecisionKind.DISABLED, actor="kim", reason="", now=START + 40 * DAY)
    found = store.views.experiments(limit=10)
    value = store.get_learning_value(A)
    settled = Stage.COMPLETE if value.verdict.kind is VerdictKind.UNDECIDED else Stage.SETTLED
    assert found.coverage == {settled: 1, Stage.RUNNING: 1, Stage.OUT: 1}
    health = store.get_health(A).experiment
    [line] = [line for line in found.sample_ratio if line.learning_id == A]
    assert (line.sample_ratio_p, line.sessions_with) == (health.sample_ratio_p, value.sessions_with)
    assert line.has_sample_ratio_mismatch is health.has_sample_ratio_mismatch
    assert (found.contaminated, found.mismatched) == ((), ())
    assert [day.sessions for day in found.days] == [10] * 9 + [10]
    assert [day.start for day in found.days[:2]] == [START, START + DAY]
    for line in found.forecasts:
        assert line.sessions_needed is not None
        assert line.sessions_per_day is not None
        assert line.days_needed == line.sessions_needed / line.sessions_per_day
    assert len(store.views.experiments(limit=1).sample_ratio) <= 1


def test_leaks_and_disagreements_are_listed(store: AttributionStore) -> None:
    """The greatest share first."""
    for number, id_ in enumerate((A, B)):
        for session in range(4):
            one = record(
                id_,
                f"{id_}{session}",
                was_withheld=True,
                contaminated=session <= number,
                assignment_mismatch=session <= number,
            )
            store.finish_session(f"{id_}{session}", version(), records=[one])
    found = store.views.experiments(limit=10)
    assert [(line.learning_id, line.contaminated_share) for line in found.contaminated] == [(B, 0.5), (A, 0.25)]
    assert [(line.learning_id, line.mismatched_share) for line in found.mismatched] == [(B, 0.5), (A, 0.25)]


def test_the_revision_changes_with_what_is_written(tmp_path: Path) -> None:
    """Not by looking; and after a restart it is another one."""
    store = CozoStore(tmp_path / "kept")
    store.import_learnings([learning(A)], actor="alex", now=1)
    first = store.views.revision()
    store.views.learnings(LearningsWanted())
    store.get_decisions(A)
    assert store.views.revision() == first
    store.decide(A, DecisionKind.PINNED, actor="kim", reason="", now=2)
    second = store.views.revision()
    store.undo(A, number=None, actor="kim", reason="", now=3)
    third = store.views.revision()
    store.undo(A, number=None, actor="kim", reason="", now=4)
    assert store.views.revision() == third
    store.close()
    again = CozoStore(tmp_path / "kept")
    assert len({first, second, third, again.views.revision()}) == 4
    again.close()


def test_of_what_nobody_knows_there_is_nothing_to_see(store: AttributionStore) -> None:
    """One learning's views say so."""
    for ask in (
        lambda: store.views.arms("x"),
        lambda: store.views.over_time("x", points=1),
        lambda: store.views.records("x", RecordsWanted()),
        lambda: store.views.texts("x"),
    ):
        with pytest.raises(NotFound, match="x"):
            ask()


def test_sessions_are_found_by_their_ending_and_their_project(store: AttributionStore) -> None:
    """The newest first, page by page; the counts are of all. Of one whose learnings ended differently the middle counts."""
    here, there = ("project=/here", "user=kim"), ("project=/there",)
    sessions = {
        "s1": (here, (1.0, 0.5)),
        "s2": (here, (-1.0, 0.5)),
        "s3": (there, (-0.5, 0.5)),
        "s4": ((), (0.25, 0.25)),
    }
    for number, (id_, (levels, outcomes)) in enumerate(sessions.items()):
        background = SessionBackground(levels=levels) if levels else None
        made = [
            replace(record(learning_id, id_, 1000 + number, session_outcome=outcome), background=background)
            for learning_id, outcome in zip((A, B), outcomes, strict=True)
        ]
        store.finish_session(id_, version(1000 + number), records=made)
    found = store.views.find_sessions(SessionsWanted())
    assert (found.total, found.session_ids) == (4, ("s4", "s3", "s2", "s1"))
    assert found.outcomes == {Ending.GOOD: 2, Ending.BAD: 1, Ending.NEITHER: 1}
    assert found.projects == {"/here": 2, "/there": 1}
    assert store.views.find_sessions(SessionsWanted(outcome=Ending.GOOD, project="/here")).session_ids == ("s1",)
    second = store.views.find_sessions(SessionsWanted(offset=1, limit=2))
    assert (second.total, second.session_ids) == (4, ("s3", "s2"))
    store.forget_session("s1", dry_run=False)
    assert store.views.find_sessions(SessionsWanted(project="/here")).session_ids == ("s2",)

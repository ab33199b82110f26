"""A learning's life on every kind of store: deprecated, brought back, disabled, pinned, on trial; and which session's message tells it."""

from dataclasses import replace

import pytest
from fixtures.store import attribute, learning, record, version

from worker.domain import DecisionKind, LearningStatus, VerdictKind
from worker.settings.layers import AblationParameters, LayerParameters
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore

A, B = "learning-a", "learning-b"


@pytest.fixture(autouse=True)
def _known(store: AttributionStore) -> None:
    store.import_learnings([learning(A), learning(B)], actor="alex", now=1)


def harm(
    store: AttributionStore, learning_id: str, *, sessions: int = 120, prefix: str = "harm", start: int = 1000
) -> None:
    """An experiment that leaves no doubt: every session with the learning fails, every one without succeeds."""
    for number in range(sessions):
        withheld = number % 3 == 0
        session_id = f"{prefix}-{number}"
        one = record(
            learning_id,
            session_id,
            start + number,
            withhold_probability=1 / 3,
            was_withheld=withheld,
            session_outcome=1.0 if withheld else -1.0,
        )
        store.store_attribution(one, version(start + number))
    assert store.get_learning_value(learning_id).verdict.kind is VerdictKind.REMOVE


def test_a_deprecation_is_told_once(store: AttributionStore) -> None:
    """The session that tips the scale carries the event; finishing it again gives the same, other sessions give none."""
    harm(store, A)
    finished = store.finish_session("harm-7", version(1007), records=[])
    assert [(d.kind, d.learning_id, d.session_id) for d in finished.deprecations] == [
        (DecisionKind.DEPRECATED, A, "harm-7")
    ]
    assert store.finish_session("harm-7", version(1007), records=[]) == finished
    assert store.finish_session("harm-8", version(1008), records=[]).deprecations == ()
    assert store.get_learning_value(A).status is LearningStatus.DEPRECATED
    assert store.get_decisions(A)[-1].numbers["session_count"] == 120


def test_a_deprecation_found_by_a_refresh_waits_for_the_next_session(store: AttributionStore) -> None:
    """No session caused it, so the next one to finish takes it along, once."""
    harm(store, A)
    assert store.refresh_values() > 0
    assert store.refresh_values() == 0
    attribute(store, "another", B)
    again = store.finish_session("another", version(), records=[])
    assert [d.learning_id for d in again.deprecations] == [A]
    assert store.finish_session("harm-1", version(1001), records=[]).deprecations == ()


def test_a_newer_version_tells_its_predecessors_deprecations_that_still_stand(store: AttributionStore) -> None:
    """Of a session's messages the newest counts, and one whose attempt was superseded never went out."""
    harm(store, A)
    one = store.get_attribution(A, "harm-7")
    (told,) = store.finish_session("harm-7", version(1007), records=[one]).deprecations
    store.open_session("harm-7", version(1007, attempt=2), [A])
    again = store.finish_session("harm-7", version(1007, attempt=2), records=[one])
    assert again.deprecations == (replace(told, version=version(1007, attempt=2)),)
    assert store.finish_session("harm-7", version(1007, attempt=2), records=[one]) == again
    assert again.deprecations[0] == store.get_decisions(A)[-1]
    # enabled and harmful once more: that is another session's to tell
    store.decide(A, DecisionKind.ENABLED, actor="alex", reason="once more", now=2000)
    harm(store, A, prefix="more", start=3000)
    assert [d.number for d in store.finish_session("more-7", version(3007), records=[]).deprecations] == [4]
    assert store.finish_session("harm-7", version(1007, attempt=3), records=[one]).deprecations == ()
    # and when it no longer stands nobody tells it
    for number in range(120):
        store.finish_session(f"more-{number}", version(5000 + number), records=[])
    assert store.finish_session("more-7", version(9000), records=[]).deprecations == ()


def test_a_learning_that_recovers_is_not_stuck(store: AttributionStore) -> None:
    """When replaced records end the rule, the learning is active again and its log says so."""
    harm(store, A)
    store.finish_session("harm-0", version(1000), records=[])
    for number in range(120):
        store.finish_session(f"harm-{number}", version(5000 + number), records=[])
    assert store.get_learning_value(A).status is LearningStatus.ACTIVE
    kinds = [d.kind for d in store.get_decisions(A)]
    assert kinds == [DecisionKind.IMPORTED, DecisionKind.DEPRECATED, DecisionKind.REACTIVATED]


def test_deprecation_never_overrides_a_disable(store: AttributionStore) -> None:
    """What a person disabled stays disabled, whatever the rule finds."""
    store.decide(A, DecisionKind.DISABLED, actor="alex", reason="annoying", now=10)
    harm(store, A)
    assert store.finish_session("harm-0", version(1000), records=[]).deprecations == ()
    value = store.get_learning_value(A)
    assert (value.status, value.status_reason) == (LearningStatus.DISABLED, "annoying")


def test_an_enable_is_not_undone_by_the_next_event(store: AttributionStore) -> None:
    """A person's enable begins a new epoch in which the old evidence no longer counts."""
    harm(store, A)
    store.finish_session("harm-0", version(1000), records=[])
    store.decide(A, DecisionKind.ENABLED, actor="alex", reason="we need it", now=9000)
    attribute(store, "next", A, timestamp=9500, session_outcome=-1.0)
    value = store.get_learning_value(A)
    assert (value.status, value.session_count, value.epoch) == (LearningStatus.ACTIVE, 1, 2)
    assert store.rebuild(repair=False) == []


def test_a_pinned_learning_is_never_deprecated(store: AttributionStore) -> None:
    """A pin holds the rule off; taking it away lets the rule speak, and the next session tells."""
    store.decide(A, DecisionKind.PINNED, actor="alex", reason="", now=10)
    harm(store, A)
    assert store.finish_session("harm-0", version(1000), records=[]).values[0].status is LearningStatus.ACTIVE
    store.decide(A, DecisionKind.UNPINNED, actor="alex", reason="", now=20)
    assert store.get_learning_value(A).status is LearningStatus.DEPRECATED
    attribute(store, "next", B)
    assert [d.learning_id for d in store.finish_session("next", version(), records=[]).deprecations] == [A]


def test_a_trial_is_shown_and_ends(store: AttributionStore) -> None:
    """A learning on trial is Experimental and withheld more often, until its verdict."""
    store.decide(A, DecisionKind.TRIED, actor="alex", reason="is it any good?", now=10)
    value = store.get_learning_value(A)
    assert (value.status, value.next_withhold_probability) == (LearningStatus.EXPERIMENTAL, 0.5)
    for number in range(200):
        one = record(A, f"t{number}", withhold_probability=0.5, was_withheld=number % 2 == 0)
        store.store_attribution(one, version())
    store.finish_session("t0", version(), records=[])
    store.refresh_values()
    assert store.get_learning_value(A).status is LearningStatus.ACTIVE
    assert store.get_decisions(A)[-1].kind is DecisionKind.TRIAL_ENDED


def test_only_people_decide_what_people_decide(store: AttributionStore) -> None:
    """The kinds of line that the rule writes are refused from outside."""
    with pytest.raises(ValueError, match="people decide"):
        store.decide(A, DecisionKind.DEPRECATED, actor="alex", reason="", now=1)


def test_a_session_withholds_no_more_than_its_share_on_average() -> None:
    """New learnings at a quarter each, where a tenth is the limit: all chances are scaled down, and logged as they were drawn."""
    store = CozoStore(None, parameters=LayerParameters(ablation=AblationParameters(most_withheld=0.1)))
    names = [f"l{number}" for number in range(10)]
    store.import_learnings([learning(name) for name in names], actor="alex", now=1)
    answers = store.assign("s", names, now=2)
    assert {answer.withhold_probability for answer in answers} == {0.1}
    logged = store.open_session("s", version(), names).assignments
    assert {one.withhold_probability for one in logged.values()} == {0.1}
    store.close()

"""What every store promises, in memory and on disk."""

import math
from dataclasses import replace

import pytest
from fixtures.store import attribute, learning, record, version

from worker.domain import Answer, DecisionKind
from worker.errors import NotFound, Superseded
from worker.settings.layers import ActivationParameters, LayerParameters, TemporalParameters
from worker.store.protocol import AttributionStore

A, B = "learning-a", "learning-b"


@pytest.fixture(autouse=True)
def _known(store: AttributionStore) -> None:
    store.import_learnings([learning(A), learning(B)], actor="alex", now=1)


# ------------------------------------------------------------------ learnings


def test_learnings_come_back_as_they_were(store: AttributionStore) -> None:
    """Every field of a learning survives, whatever signs are in it."""
    odd = learning("{}'\"\\;:= 🙂", scope={"Project": "/home/a b"}, pattern="$x", confidence=0.25)
    report = store.import_learnings([odd, learning(A)], actor="alex", now=2)
    assert (report.new, report.changed, report.unchanged) == ((odd.learning_id,), (), (A,))
    assert store.get_learnings([odd.learning_id, "nobody's"]) == {odd.learning_id: odd}
    assert len(store.list_learnings()) == 3


def test_an_edit_begins_a_new_epoch(store: AttributionStore) -> None:
    """A changed text leaves the old records readable and uncounted; the same import again, or another scope, changes nothing."""
    attribute(store, "s", A, B)
    assert store.import_learnings([learning(A, scope={"User": "x"})], actor="alex", now=2000).unchanged == (A,)
    assert store.get_learning_value(A).epoch == 1
    assert store.import_learnings([learning(A, insight="another")], actor="alex", now=2000).changed == (A,)
    value = store.get_learning_value(A)
    assert (value.epoch, value.session_count, value.estimated_value) == (2, 0, 0.0)
    assert len(store.get_attributions_for_learning(A)) == 1
    assert [d.kind for d in store.get_decisions(A)] == [DecisionKind.IMPORTED, DecisionKind.EDITED]
    assert store.rebuild(repair=False) == []


def test_unknown_ids_are_said_to_be_unknown(store: AttributionStore) -> None:
    """Whatever is asked about a learning that nobody imported ends as NotFound."""
    for ask in (
        lambda: store.get_learning_value("x"),
        lambda: store.get_decisions("x"),
        lambda: store.decide("x", DecisionKind.PINNED, actor="alex", reason="", now=1),
        lambda: store.assign("s", [A, "x"], now=1),
        lambda: store.store_attribution(record("x", "s"), version()),
        lambda: store.get_attributions_for_learning("x"),
        lambda: store.get_attribution(A, "s"),
        lambda: store.get_experiment("x"),
        lambda: store.get_health("x"),
        lambda: store.explain(A, "s"),
    ):
        with pytest.raises(NotFound, match=r"learning (x|learning-a)"):
            ask()


# -------------------------------------------------------------------- records


def test_a_record_comes_back_as_it_was(store: AttributionStore) -> None:
    """Every field of a record survives, in each way of asking; its epoch is filled in."""
    stored = record(A, "s", contaminated=True, assignment_mismatch=True)
    store.store_attribution(stored, version())
    expected = replace(stored, epoch=1)
    assert store.get_attribution(A, "s") == expected
    assert store.get_attributions_for_learning(A) == [expected]
    assert store.get_attributions_for_session("s") == [expected]
    assert store.finish_session("s", version(), records=[]).kept == (expected,)


def test_storing_the_same_again_changes_nothing(store: AttributionStore) -> None:
    """A redelivered task leaves the value as it was."""
    attribute(store, "s", A)
    before = store.get_learning_value(A)
    store.store_attribution(record(A, "s"), version())
    assert store.get_learning_value(A) == before
    assert store.rebuild(repair=False) == []


def test_a_replaced_record_leaves_no_trace(store: AttributionStore) -> None:
    """A newer version of a session replaces its records, those of learnings it no longer names included."""
    attribute(store, "other", B, timestamp=500)
    undisturbed = store.get_learning_value(B)
    attribute(store, "s", A, B, session_outcome=-1.0)
    store.store_attribution(record(A, "s", 2000), version(2000))
    finished = store.finish_session("s", version(2000), records=[])
    assert [r.learning_id for r in finished.kept] == [A]
    assert {v.learning_id for v in finished.values} == {A, B}
    assert store.get_learning_value(B).session_count == undisturbed.session_count
    assert store.get_experiment(B).sessions_with == (store.get_experiment(B).sessions_with[0],)
    assert store.rebuild(repair=False) == []


def test_a_session_finished_anew_is_counted_anew(store: AttributionStore) -> None:
    """What a newer version brings with its finish replaces the older one's records, whole."""
    attribute(store, "s", A, B, session_outcome=-1.0)
    attribute(store, "s", A, timestamp=2000)
    assert [(r.learning_id, r.timestamp) for r in store.get_attributions_for_session("s")] == [(A, 2000)]
    assert (store.get_learning_value(A).session_count, store.get_learning_value(B).session_count) == (1, 0)
    assert store.rebuild(repair=False) == []


def test_a_record_of_an_unknown_learning_is_refused_alone(store: AttributionStore) -> None:
    """The session is finished with the others, and whoever asked is told why."""
    records = [record(A, "s"), record("never imported", "s")]
    finished = store.finish_session("s", version(), records=records)
    assert finished.refused == {"never imported": "unknown learning: import it, then retry"}
    assert [r.learning_id for r in store.get_attributions_for_session("s")] == [A]
    assert store.finish_session("s", version(), records=records) == finished


def test_records_that_a_repeated_finish_brings_are_replaced_by_the_next_version(store: AttributionStore) -> None:
    """As when a learning was imported between two finishes of one version: the next version finds the record and takes it out."""
    late = record("late", "s")
    assert "late" in store.finish_session("s", version(), records=[late]).refused
    store.import_learnings([learning("late")], actor="alex", now=2)
    assert store.finish_session("s", version(), records=[late]).refused == {}
    assert [r.learning_id for r in store.get_attributions_for_session("s")] == ["late"]
    assert store.open_session("s", version(), []).is_finished
    newer = record("late", "s", 2000)
    store.finish_session("s", version(2000), records=[newer])
    assert store.get_learning_value("late").session_count == 1
    store.finish_session("s", version(3000), records=[])
    assert store.get_learning_value("late").session_count == 0
    assert store.rebuild(repair=False) == []


def test_the_newest_version_is_remembered(store: AttributionStore) -> None:
    """The store tells which version of a session it has heard of, also of one that is not finished."""
    with pytest.raises(NotFound):
        store.get_session_version("s")
    store.open_session("s", version(1000, attempt=3), [])
    assert store.get_session_version("s") == version(1000, attempt=3)


def test_an_older_version_is_turned_away(store: AttributionStore) -> None:
    """Work of a superseded version is refused at every step and leaves nothing."""
    attribute(store, "s", A, timestamp=2000)
    before = store.get_learning_value(A)
    for attempt in (
        lambda: store.open_session("s", version(1000), [A]),
        lambda: store.store_attribution(record(A, "s", 1000, session_outcome=-1.0), version(1000)),
        lambda: store.finish_session("s", version(1000), records=[]),
        lambda: store.finish_session("s", version(2000, attempt=0), records=[]),
    ):
        with pytest.raises(Superseded):
            attempt()
    assert store.get_learning_value(A) == before


def test_numbers_that_are_none_are_refused(store: AttributionStore) -> None:
    """NaN and infinities never reach the sums, not even within a batch of good records."""
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=r"finite|number"):
            store.finish_session("s", version(), records=[record(B, "s"), record(A, "s", activation_confidence=bad)])
        with pytest.raises(ValueError, match=r"finite|number"):
            store.store_attribution(record(A, "s", activation_confidence=bad), version())
    assert store.get_attributions_for_session("s") == []


def test_records_of_two_sessions_are_not_stored_together(store: AttributionStore) -> None:
    """A session is finished with its own records only, one a learning."""
    for batch in ([record(A, "s"), record(B, "t")], [record(A, "s"), record(A, "s")]):
        with pytest.raises(ValueError, match="session s"):
            store.finish_session("s", version(), records=batch)
    assert store.get_attributions_for_session("s") == []


def test_newest_records_come_first(store: AttributionStore) -> None:
    """A learning's records are listed newest first, across epochs, up to the limit."""
    for timestamp in (3000, 1000, 2000):
        attribute(store, f"s{timestamp}", A, timestamp=timestamp)
    store.decide(A, DecisionKind.ENABLED, actor="alex", reason="", now=3500)
    attribute(store, "s4000", A, timestamp=4000)
    found = store.get_attributions_for_learning(A, limit=3)
    assert [(r.timestamp, r.epoch) for r in found] == [(4000, 2), (3000, 1), (2000, 1)]


def test_the_span_of_time_follows_the_records(store: AttributionStore) -> None:
    """updated_at and started_at are the newest and first counted timestamps, also when the record that held them moves."""
    for session_id, timestamp in (("first", 1000), ("middle", 2000), ("last", 3000)):
        attribute(store, session_id, A, timestamp=timestamp)
    attribute(store, "first", A, timestamp=2500)
    assert (store.get_experiment(A).started_at, store.get_learning_value(A).updated_at) == (2000, 3000)
    store.open_session("last", version(4000), [])
    store.finish_session("last", version(4000), records=[])
    assert (store.get_experiment(A).started_at, store.get_learning_value(A).updated_at) == (2000, 2500)
    assert store.rebuild(repair=False) == []


def test_an_empty_session_finishes(store: AttributionStore) -> None:
    """A session without a record still has a version, and publishes nothing."""
    finished = store.finish_session("nothing", version(), records=[])
    assert (finished.kept, finished.values, finished.deprecations) == ((), (), ())


# --------------------------------------------------------------------- values


def test_values_are_listed_best_first(store: AttributionStore) -> None:
    """By estimated value, then by id, learnings without a record included."""
    good = record(A, "s", attributed_value=0.5)
    bad = record(B, "s", attributed_value=-0.5)
    store.finish_session("s", version(), records=[good, bad])
    store.import_learnings([learning("c"), learning("d")], actor="alex", now=2)
    assert [v.learning_id for v in store.list_learning_values()] == [A, "c", "d", B]
    assert [v.learning_id for v in store.list_learning_values(limit=2)] == [A, "c"]


def test_an_experiment_has_both_arms(store: AttributionStore) -> None:
    """Randomised sessions only, activated or not, in order of time."""
    attribute(store, "with", A, timestamp=2000, was_activated=False)
    attribute(store, "without", A, timestamp=1000, was_withheld=True, session_outcome=-0.5)
    attribute(store, "not-randomised", A, timestamp=500, withhold_probability=0.0)
    experiment = store.update_experiment(A)
    assert [(s.session_id, s.outcome, s.timestamp) for s in experiment.sessions_with] == [("with", 1.0, 2000)]
    assert [(s.session_id, s.outcome, s.timestamp) for s in experiment.sessions_without] == [("without", -0.5, 1000)]
    assert experiment.started_at == 500


def test_what_leaves_no_trace_has_neither_a_rate_of_non_uses_nor_a_lift(store: AttributionStore) -> None:
    """Sessions without a seen use say nothing of such a learning: they lower no rate, and its records and explanation say so."""
    store.import_learnings([learning("quiet", insight="Never push to main")], actor="alex", now=2)
    arms = [(was_withheld, used) for was_withheld in (False, True) for used in (False, True, False)]
    for learning_id, rate in (("quiet", 1.0), (A, 1 / 3)):
        for number, (was_withheld, used) in enumerate(arms):
            leaves_trace = learning_id == A
            changes = {"was_withheld": was_withheld, "was_activated": used, "leaves_trace": leaves_trace}
            attribute(store, f"{learning_id}-{number}", learning_id, timestamp=3000 + number, **changes)
        value = store.get_learning_value(learning_id)
        assert value.activation_rate == rate
        assert (value.can_tell, value.lift is not None) == (learning_id == A, learning_id == A)
        assert store.explain(learning_id, f"{learning_id}-0").move.with_ == value
    assert store.get_attribution("quiet", "quiet-0").answer is Answer.CANNOT_TELL
    assert store.get_attribution("quiet", "quiet-1").answer is Answer.USED
    assert store.get_attribution(A, f"{A}-0").answer is Answer.NOT_USED


def test_an_explanation_adds_up(store: AttributionStore) -> None:
    """The parts sum to the stored numbers, and the move is the value with and without the record."""
    attribute(store, "s", A)
    attribute(store, "t", B, attributed_value=-0.2)
    explanation = store.explain(A, "s")
    assert explanation.adds_up
    assert explanation.move.with_ == store.get_learning_value(A)
    assert explanation.move.without.session_count == 0


def test_companions_are_named(store: AttributionStore) -> None:
    """Two learnings that stand in the same twenty sessions cannot be told apart."""
    for number in range(20):
        attribute(store, f"s{number}", A, B)
    assert [(c.learning_id, c.share) for c in store.get_health(A).companions] == [(B, 1.0)]
    assert store.get_health(A).experiment.eligible_sessions == 20
    assert store.list_health() == [store.get_health(A), store.get_health(B)]
    for number in range(20, 22):
        records = [record(A, f"s{number}", was_withheld=True), record(B, f"s{number}")]
        store.finish_session(f"s{number}", version(), records=records)
    assert (store.get_health(A).companions, store.get_health(B).companions) == ((), ())


# ----------------------------------------------------------------- assignment


def test_an_assignment_is_logged_once(store: AttributionStore) -> None:
    """Asking again gives the logged answer; after a learning was disabled, the others keep theirs."""
    sessions = [f"session-{number}" for number in range(200)]
    answers = {session: store.assign(session, [A, B], now=1) for session in sessions}
    withheld = [s for s, given in answers.items() if given[0].decision == "withhold"]
    assert 30 <= len(withheld) <= 70
    assert all(store.assign(session, [A, B], now=2) == answers[session] for session in sessions[:20])
    store.decide(A, DecisionKind.DISABLED, actor="alex", reason="no", now=2)
    assert all(store.assign(session, [A, B], now=3)[1] == answers[session][1] for session in sessions[:20])
    excluded = store.assign("later", [B, A], now=3)[1]
    assert (excluded.learning_id, excluded.decision, excluded.withhold_probability) == (A, "excluded", 0.0)
    assert excluded.reason == "Disabled: no"


@pytest.mark.parametrize("before", ["inject", "withhold"])
def test_disabling_reaches_sessions_that_were_assigned_before(store: AttributionStore, before: str) -> None:
    """Whoever asks again leaves the learning out; the log, and the record made of it, keep what was done until then."""
    sessions = [f"s{number}" for number in range(60)]
    session = next(each for each in sessions if store.assign(each, [A], now=1)[0].decision == before)
    store.decide(A, DecisionKind.DISABLED, actor="alex", reason="dangerous", now=2)
    (again,) = store.assign(session, [A], now=3)
    assert (again.decision, again.withhold_probability) == ("excluded", 0.0)
    assert "dangerous" in again.reason
    logged = store.open_session(session, version(), [A]).assignments[A]
    assert (logged.was_withheld, logged.withhold_probability, logged.epoch) == (before == "withhold", 0.25, 1)
    store.decide(A, DecisionKind.ENABLED, actor="alex", reason="", now=4)
    assert store.assign(session, [A], now=5)[0].decision == before


@pytest.mark.parametrize("how", ["enable", "undo"])
def test_enabling_reaches_sessions_that_were_excluded_before(store: AttributionStore, how: str) -> None:
    """Whoever asks again puts the learning in, and no arm counts that: nothing was drawn when the session began."""
    store.decide(A, DecisionKind.DISABLED, actor="alex", reason="dangerous", now=2)
    assert store.assign("s", [A], now=3)[0].decision == "excluded"
    if how == "enable":
        store.decide(A, DecisionKind.ENABLED, actor="alex", reason="", now=4)
    else:
        store.undo(A, number=None, actor="alex", reason="", now=4)
    (again,) = store.assign("s", [A], now=5)
    assert (again.decision, again.withhold_probability) == ("inject", 0.0)
    assert "dangerous" not in again.reason
    logged = store.open_session("s", version(), [A]).assignments[A]
    assert (logged.was_withheld, logged.withhold_probability) == (False, 0.0)


def test_pinning_reaches_sessions_that_went_without(store: AttributionStore) -> None:
    """The rule had deprecated it when they asked first."""
    for number in range(80):
        arm = {"was_withheld": number % 2 == 0, "was_activated": number % 2 == 1, "withhold_probability": 0.5}
        made = record(A, f"h{number}", 1000 + number, session_outcome=(-1.0) ** number, **arm)
        store.finish_session(f"h{number}", version(1000 + number), records=[made])
    assert store.assign("s", [A], now=3)[0].reason.startswith("Deprecated: ")
    store.decide(A, DecisionKind.PINNED, actor="alex", reason="the law", now=4)
    assert [(a.decision, a.withhold_probability) for a in store.assign("s", [A], now=5)] == [("inject", 0.0)]


def test_an_opened_session_knows_its_assignments(store: AttributionStore) -> None:
    """What was withheld for the session comes back, whether asked for or not, with the epoch it was assigned in."""
    store.assign("s", [A], now=1)
    opened = store.open_session("s", version(), [B, "nobody's"])
    assert set(opened.learnings) == {A, B}
    assert set(opened.assignments) == {A}
    assert opened.assignments[A].epoch == 1
    assert opened.assignments[A].withhold_probability == 0.25


def test_a_record_counts_in_the_epoch_of_its_assignment(store: AttributionStore) -> None:
    """A session assigned before an edit and attributed after it belongs to the epoch before."""
    store.import_learnings([learning(A, insight="another")], actor="alex", now=500)
    attribute(store, "s", A, timestamp=1000, epoch=1)
    assert store.get_learning_value(A).session_count == 0
    attribute(store, "s", A, timestamp=2000)
    assert store.get_learning_value(A).session_count == 1
    assert store.rebuild(repair=False) == []


# -------------------------------------------------------------------- what if


def test_the_same_settings_change_nothing(store: AttributionStore) -> None:
    """A what-if run under the settings in force is empty; other thresholds and weights show what would change."""
    attribute(store, "s", A)
    attribute(store, "t", B, attributed_value=-0.2)
    assert store.what_if(LayerParameters()) == []
    strict = LayerParameters(activation=ActivationParameters(similarity_threshold=0.9))
    [(was, would_be)] = [pair for pair in store.what_if(strict) if pair[0].learning_id == A]
    assert (was.activation_rate, would_be.activation_rate) == (1.0, 0.0)
    near = LayerParameters(temporal=TemporalParameters(max_distance=1))
    assert {was.learning_id for was, _ in store.what_if(near)} == {A, B}


def test_counts_tell_what_is_there(store: AttributionStore) -> None:
    """Rows by relation, as whole numbers."""
    attribute(store, "s", A, B)
    counts = store.counts()
    assert (counts["learnings"], counts["records"], counts["sessions"]) == (2, 2, 1)

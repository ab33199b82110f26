"""The sums are a function of the set of records: whatever came in between leaves no trace."""

from dataclasses import replace

from fixtures.store import learning, record, version
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from worker.domain import AttributionRecord, DecisionKind, LearningStatus
from worker.store.cozo.store import CozoStore

LEARNINGS = ("a", "b", "c")

numbers = st.floats(min_value=0, max_value=1, allow_nan=False).map(lambda x: round(x, 6))
nets = st.floats(min_value=-0.95, max_value=0.95, allow_nan=False)


@st.composite
def records(draw: st.DrawFn) -> AttributionRecord:
    confidence = draw(numbers)
    activated, withheld = draw(st.booleans()), draw(st.booleans())
    return record(
        draw(st.sampled_from(LEARNINGS)),
        f"s{draw(st.integers(0, 5))}",
        draw(st.integers(0, 50)),
        was_activated=activated,
        was_withheld=withheld,
        activation_confidence=confidence,
        attributed_value=confidence * draw(nets) if activated and not withheld else 0.0,
        withhold_probability=draw(st.sampled_from([0.0, 0.1, 0.5])),
        session_outcome=draw(st.sampled_from([-1.0, -0.5, 0.5, 1.0, 0.123])),
    )


def empty_store() -> CozoStore:
    store = CozoStore(None)
    store.import_learnings([learning(learning_id) for learning_id in LEARNINGS], actor="alex", now=0)
    return store


@settings(max_examples=25, deadline=None)
@given(st.lists(records(), max_size=25), st.randoms(use_true_random=False))
def test_values_depend_only_on_the_set_of_records(found: list[AttributionRecord], random: object) -> None:
    """Shuffled, repeated and replaced records give bit-identical values."""
    latest = {(r.learning_id, r.session_id): r for r in found}
    straight, crooked = empty_store(), empty_store()
    for one in latest.values():
        straight.store_attribution(one, version(100))
    for one in found:
        crooked.store_attribution(one, version(10))
    again = [*latest.values(), *latest.values()]
    random.shuffle(again)  # type: ignore[attr-defined]  # a Random
    for one in again:
        crooked.store_attribution(one, version(100))
    assert crooked.list_learning_values() == straight.list_learning_values()
    assert crooked.rebuild(repair=False) == straight.rebuild(repair=False) == []


@settings(max_examples=25, deadline=None)
@given(st.lists(records(), max_size=25), st.sets(st.integers(0, 5).map("s{}".format), min_size=1, max_size=3))
def test_forgotten_sessions_leave_no_trace_in_any_value(found: list[AttributionRecord], gone: set[str]) -> None:
    """Bit for bit the values of a store that never had them."""
    never, forgetful = empty_store(), empty_store()
    for one in found:
        forgetful.store_attribution(one, version(10))
        if one.session_id not in gone:
            never.store_attribution(one, version(10))
    for session_id in sorted(gone):
        forgetful.forget_session(session_id, dry_run=False)
    never.refresh_values()
    assert forgetful.list_learning_values() == never.list_learning_values()
    assert forgetful.rebuild(repair=False) == []
    assert [forgetful.get_experiment(name) for name in LEARNINGS] == [never.get_experiment(name) for name in LEARNINGS]


class StoreInUse(RuleBasedStateMachine):
    """Sessions come and go in versions, people decide, texts change: sums, statuses and log always agree."""

    def __init__(self) -> None:
        super().__init__()
        self.store = empty_store()
        self.time = 100
        self.versions: dict[str, int] = {}
        self.disabled: set[str] = set()
        self.pinned: set[str] = set()

    def teardown(self) -> None:
        self.store.close()

    @rule(one=records(), newer=st.booleans())
    def attribute(self, one: AttributionRecord, newer: bool) -> None:
        if newer or one.session_id not in self.versions:
            self.time += 1
            self.versions[one.session_id] = self.time
        self.store.store_attribution(one, version(self.versions[one.session_id]))

    @precondition(lambda self: self.versions)
    @rule(data=st.data(), batch=st.lists(records(), max_size=4, unique_by=lambda one: one.learning_id))
    def finish(self, data: st.DataObject, batch: list[AttributionRecord]) -> None:
        """With records of its own, which may replace those of this version or an older one."""
        session_id = data.draw(st.sampled_from(sorted(self.versions)))
        current = version(self.versions[session_id])
        given = [replace(one, session_id=session_id) for one in batch]
        first = self.store.finish_session(session_id, current, records=given)
        again = self.store.finish_session(session_id, current, records=given)
        assert (again.kept, again.deprecations) == (first.kept, first.deprecations)
        came = {one.learning_id: one for one in given}
        stored = self.store.get_attributions_for_session(session_id)
        assert [one for one in stored if one.learning_id not in came] == list(first.kept)
        assert {one.learning_id: replace(one, epoch=None) for one in stored if one.learning_id in came} == came

    @rule(
        learning_id=st.sampled_from(LEARNINGS),
        kind=st.sampled_from(["DISABLED", "ENABLED", "PINNED", "UNPINNED", "TRIED"]),
    )
    def decide(self, learning_id: str, kind: str) -> None:
        self.time += 1
        self.store.decide(learning_id, DecisionKind[kind], actor="kim", reason="", now=self.time)
        self.disabled = self.disabled | {learning_id} if kind == "DISABLED" else self.disabled
        self.disabled = self.disabled - {learning_id} if kind == "ENABLED" else self.disabled

    @rule(learning_id=st.sampled_from(LEARNINGS), text=st.sampled_from(["one", "two"]))
    def edit(self, learning_id: str, text: str) -> None:
        self.time += 1
        self.store.import_learnings([learning(learning_id, insight=text)], actor="kim", now=self.time)

    @rule()
    def refresh(self) -> None:
        self.store.refresh_values()
        assert self.store.refresh_values() == 0

    @invariant()
    def sums_agree_with_records(self) -> None:
        assert self.store.rebuild(repair=False) == []

    @invariant()
    def a_disabled_learning_stays_disabled(self) -> None:
        statuses = {value.learning_id: value.status for value in self.store.list_learning_values()}
        assert {i for i, status in statuses.items() if status is LearningStatus.DISABLED} == self.disabled

    @invariant()
    def the_log_is_numbered_and_its_epochs_only_grow(self) -> None:
        for learning_id in LEARNINGS:
            decisions = self.store.get_decisions(learning_id)
            assert [d.number for d in decisions] == list(range(1, len(decisions) + 1))
            assert [d.epoch for d in decisions] == sorted(d.epoch for d in decisions)
            assert self.store.get_learning_value(learning_id).epoch == decisions[-1].epoch


StoreInUse.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
test_a_store_in_use_keeps_its_promises = StoreInUse.TestCase


def test_a_damaged_sum_is_found_and_put_right() -> None:
    """A rebuild names every number that differs; with `repair` the records win."""
    store = empty_store()
    for number in range(5):
        store.store_attribution(record("a", f"s{number}"), version())
    store.refresh_values()
    before = store.list_learning_values()
    row = list(store._space.database.read("all_sums")[0])
    row[2] += 1
    arm = [*store._space.database.read("all_arms")[0][:-2], 7, 7]
    stray = ["b", 1, True, 1, 1, 1, 1]
    store._space.database.commit(
        {"put_sums": [row], "put_arms": [arm, stray], "put_global_sums": [[0, 1, "1", "1", "1", "1", "1"]]}
    )
    found = store.rebuild(repair=False)
    assert {d.learning_id for d in found} == {"a", "b", ""}
    assert ("n_records", "6", "5") in {(d.name, d.stored, d.recomputed) for d in found}
    assert store.rebuild(repair=True) == found
    assert store.rebuild(repair=False) == []
    assert store.list_learning_values() == before
    store.close()

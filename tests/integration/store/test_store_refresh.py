"""A refresh makes anew what all learnings share: afterwards values are a function of the set of records, whatever happened before."""

import contextlib
import os
import random
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.store import WRITE, attribute, learning, record, store_server, version
from fixtures.waiting import wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.domain import AttributionRecord, DecisionKind, LearningValue, SessionBackground
from worker.errors import StoreUnavailable
from worker.settings.layers import LayerParameters, OutlookParameters
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore
from worker.store.shapes.upkeep import OutlookStatus

LEARNINGS = ("a", "b", "c")
#: kinds of a session: which learnings were withheld from it, and how it ended
KINDS = [
    (frozenset(name for at, name in enumerate(LEARNINGS) if bits >> at & 1), outcome)
    for bits in range(8)
    for outcome in (-1.0, 1.0)
]


def records_of(session_id: str, kind: int) -> list[AttributionRecord]:
    withheld, outcome = KINDS[kind]
    return [
        record(name, session_id, was_withheld=name in withheld, session_outcome=outcome, withhold_probability=0.5)
        for name in LEARNINGS
    ]


def store_of(
    sessions: Sequence[tuple[str, int]], *, refresh_after: frozenset[int] = frozenset()
) -> list[LearningValue]:
    """Values after each of the sessions was finished in that order, a later one of the same name in place of the earlier."""
    store = CozoStore(None)
    store.import_learnings([learning(name) for name in LEARNINGS], actor="alex", now=1)
    for place, (session_id, kind) in enumerate(sessions):
        at = version(1000, attempt=place + 1)
        store.finish_session(session_id, at, records=records_of(session_id, kind))
        if place in refresh_after:
            store.refresh_values()
    store.refresh_values()
    assert store.rebuild(repair=False) == []
    values = store.list_learning_values()
    store.close()
    return values


names = st.sampled_from([f"s{number}" for number in range(12)])
sessions_strategy = st.lists(st.tuples(names, st.integers(0, len(KINDS) - 1)), min_size=1, max_size=40)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sessions_strategy, st.sets(st.integers(0, 39)), st.randoms(use_true_random=False))
def test_no_order_no_replacement_and_no_refresh_on_the_way_changes_a_bit(
    sessions: list[tuple[str, int]], refresh_after: set[int], chance: random.Random
) -> None:
    """Only the newest account of each session counts, in whatever order and however often values were refreshed meanwhile."""
    newest = list(dict(sessions).items())
    expected = store_of(newest)
    assert store_of(sessions, refresh_after=frozenset(refresh_after)) == expected
    chance.shuffle(newest)
    assert store_of([*newest, *newest]) == expected


def test_a_server_refreshes_by_itself(socket_address: str) -> None:
    """Nobody asks for it: what all learnings share follows the records, and with it their experiments."""
    with store_server(socket_address, refresh_minutes=0.001) as (address, _):
        api, store = StoreApi(address, token=WRITE), HttpStore(address, token=WRITE)
        api.import_learnings([learning("a")], actor="alex")
        for number in range(60):
            attribute(store, f"s{number}", "a", was_withheld=number % 2 == 0, withhold_probability=0.5)
        # equal outcomes: far less varied than what is taken for granted before any record
        wait_until(lambda: _variance(api) < 0.01, "the variance of outcomes that never differ")


def _variance(api: StoreApi) -> float:
    result = api.show("a", recent=0).value.experiment
    return result.variance if result else 1.0


def test_a_refresh_with_nothing_new_does_nothing(tmp_path: Path) -> None:
    """It costs nothing, and the next record makes it worth while again."""
    store = CozoStore(tmp_path / "store")
    store.import_learnings([learning("a")], actor="alex", now=1)
    attribute(store, "s", "a")
    store.refresh_values()
    assert store.refresh_values() == 0
    attribute(store, "t", "a", withhold_probability=0.5)
    store.refresh_values()
    assert store.get_learning_value("a").session_count == 2
    store.close()


# ---------------------------------------------------- with what is known of sessions


def known_records(session_id: str, chance: random.Random) -> list[AttributionRecord]:
    """Of a session whose project says how it ends; learning a helps."""
    project = chance.choice(["bad", "good"])
    withheld = {name: chance.random() < 0.5 for name in LEARNINGS}
    success = chance.random() < (0.8 if project == "good" else 0.2) + (0.0 if withheld["a"] else 0.15)
    outcome = 1.0 if success else -1.0
    background = SessionBackground(levels=(f"project={project}",), outcome=outcome)
    return [
        record(
            name,
            session_id,
            was_withheld=withheld[name],
            session_outcome=outcome,
            withhold_probability=0.5,
            background=background,
        )
        for name in LEARNINGS
    ]


SESSIONS = {f"s{number}": known_records(f"s{number}", random.Random(number)) for number in range(90)}


def finish_all(store: CozoStore | HttpStore, session_ids: Sequence[str], attempt: int = 1) -> None:
    for session_id in session_ids:
        store.finish_session(session_id, version(1000, attempt=attempt), records=SESSIONS[session_id])


def new_store(folder: Path | None = None) -> CozoStore:
    store = CozoStore(folder)
    store.import_learnings([learning(name) for name in LEARNINGS], actor="alex", now=1)
    return store


def told(store: CozoStore) -> tuple[list[LearningValue], OutlookStatus]:
    store.refresh_values()
    assert store.rebuild(repair=False) == []
    found = store.list_learning_values(), store.get_outlook()
    store.close()
    return found


@pytest.fixture(scope="module")
def expected() -> tuple[list[LearningValue], OutlookStatus]:
    """Of a store that saw each session once."""
    store = new_store()
    finish_all(store, list(SESSIONS))
    return told(store)


def test_experiments_compare_what_was_not_to_be_expected(expected: tuple[list[LearningValue], OutlookStatus]) -> None:
    """The project explains most of how these sessions end; without it the intervals are wider."""
    values, outlook = expected
    assert (outlook.models, outlook.sessions, outlook.sessions_with_background) == (5, 90, 90)
    assert outlook.explained is not None
    assert outlook.explained > 0.2
    store = CozoStore(None, parameters=LayerParameters(outlook=OutlookParameters(mode="off")))
    store.import_learnings([learning(name) for name in LEARNINGS], actor="alex", now=1)
    finish_all(store, list(SESSIONS))
    plain, _ = told(store)
    variances = [{v.learning_id: v.experiment.variance for v in of if v.experiment} for of in (values, plain)]
    assert all(variances[0][name] < 0.9 * variances[1][name] for name in LEARNINGS)


@pytest.mark.parametrize("seed", range(3))
def test_models_and_values_follow_the_set_of_sessions(
    seed: int, expected: tuple[list[LearningValue], OutlookStatus]
) -> None:
    """Any order, sessions twice, sessions in another version before, refreshes on the way, a session forgotten and kept out."""
    chance = random.Random(seed)
    store = new_store()
    order = chance.sample(list(SESSIONS), len(SESSIONS))
    for place, session_id in enumerate(order):
        if chance.random() < 0.3:
            other = [replace(one, session_id=session_id) for one in SESSIONS[chance.choice(order)]]
            store.finish_session(session_id, version(1000, attempt=1), records=other)
        finish_all(store, [session_id], attempt=2)
        if chance.random() < 0.05:
            store.refresh_values()
            finish_all(store, [order[chance.randrange(place + 1)]], attempt=2)
    passing = [replace(one, session_id="passing") for one in SESSIONS["s3"]]
    store.finish_session("passing", version(1000), records=passing)
    store.refresh_values()
    store.forget_session("passing", dry_run=False)
    assert told(store) == expected


def test_between_refreshes_records_count_under_the_models_in_force() -> None:
    """Sums are those of all records under the published models, whatever is replaced meanwhile."""
    store = new_store()
    finish_all(store, list(SESSIONS)[:60])
    store.refresh_values()
    finish_all(store, list(SESSIONS)[60:])
    finish_all(store, list(SESSIONS)[:20], attempt=2)
    store.store_attribution(replace(SESSIONS["s0"][0], was_withheld=True), version(1000, attempt=3))
    assert store.rebuild(repair=False) == []
    store.close()


def test_a_forgotten_learning_leaves_the_models(expected: tuple[list[LearningValue], OutlookStatus]) -> None:
    """As if it had never been: in the models, and in what was to be expected beside the others."""
    forgetful, never = new_store(), new_store()
    finish_all(forgetful, list(SESSIONS))
    forgetful.refresh_values()
    forgetful.forget_learning("c", dry_run=False)
    never.forget_learning("c", dry_run=False)
    for session_id, records in SESSIONS.items():
        never.finish_session(session_id, version(1000), records=[one for one in records if one.learning_id != "c"])
    assert told(forgetful) == told(never)


def test_a_kill_in_a_refresh_leaves_all_of_it_or_nothing(
    tmp_path: Path, socket_address: str, expected: tuple[list[LearningValue], OutlookStatus]
) -> None:
    """Whenever the server dies: after the next refresh the values are those of a store that was never killed."""
    folder = tmp_path / "store"
    new_store(folder).close()
    for place, wait_s in enumerate((0.0, 0.005, 0.02)):
        with store_server(socket_address, folder=folder, killed=True) as (address, pid):
            api, store = StoreApi(address, token=WRITE), HttpStore(address, token=WRITE)
            finish_all(store, list(SESSIONS)[30 * place : 30 * place + 30])
            asking = threading.Thread(target=_refresh_until_it_dies, args=(api,))
            asking.start()
            # any moment will do: it is killed wherever it is by then
            threading.Event().wait(wait_s)
            os.kill(pid, signal.SIGKILL)
            asking.join(timeout=30)
    assert told(CozoStore(folder)) == expected


def _refresh_until_it_dies(api: StoreApi) -> None:
    with contextlib.suppress(StoreUnavailable):
        api.refresh()


def test_an_explanation_tells_what_was_to_be_expected() -> None:
    """A line a feature, and they add up to the thousandth that was taken off the outcome."""
    store = new_store()
    finish_all(store, list(SESSIONS))
    store.refresh_values()
    found = store.explain("a", "s5")
    names = {part.feature for part in found.expected}
    assert names >= {"1", "average"}
    assert any(name.startswith("project=") for name in names)
    assert not any(name.startswith("+a@") for name in names)
    assert sum(part.millionths for part in found.expected) == 1000 * found.expected_thousandths
    assert found.compared_thousandths == 1000 * found.session_outcome - found.expected_thousandths
    store.close()


def test_what_a_session_was_like_can_be_told_later() -> None:
    """Records of an earlier release say nothing of it; told later, the values are as if they had said it at once."""
    late, at_once = new_store(), new_store()
    for session_id, records in SESSIONS.items():
        earlier = [replace(one, background=None) for one in records]
        late.finish_session(session_id, version(1000), records=earlier)
    finish_all(at_once, list(SESSIONS))
    late.refresh_values()
    assert late.get_outlook().models == 0
    asked = late.sessions_without_background(limit=1000)
    assert asked == sorted(SESSIONS)
    told_later = {session_id: SESSIONS[session_id][0].background for session_id in asked}
    assert late.take_backgrounds(told_later) == len(SESSIONS)
    assert late.take_backgrounds(told_later) == 0
    assert late.sessions_without_background(limit=1000) == []
    assert told(late) == told(at_once)


def test_a_session_of_which_nobody_can_tell_is_asked_for_once() -> None:
    """Its event is pruned: it stays without."""
    store = new_store()
    store.finish_session("s", version(1000), records=[replace(SESSIONS["s0"][0], session_id="s", background=None)])
    assert store.sessions_without_background(limit=10) == ["s"]
    assert store.take_backgrounds({"s": None, "unknown": SessionBackground()}) == 0
    assert store.sessions_without_background(limit=10) == []
    assert store.rebuild(repair=False) == []
    store.close()


def test_a_learning_is_told_by_group_under_the_models_in_force() -> None:
    """By project, over the sessions of its current epoch, whose outcomes count as its experiment counts them."""
    store = new_store()
    finish_all(store, list(SESSIONS))
    store.refresh_values()
    groups = {(one.dimension, one.group): one for one in store.get_breakdown("a")}
    assert set(groups) == {("project", "bad"), ("project", "good")}
    value = store.get_learning_value("a")
    assert sum(one.sessions_with for one in groups.values()) == value.sessions_with
    assert sum(one.sessions_without for one in groups.values()) == value.sessions_without
    assert store.views.over_time("a", points=1).points[-1].result == value.experiment
    store.decide("a", DecisionKind.ENABLED, actor="alex", reason="", now=10**9)
    assert store.get_breakdown("a") == ()
    store.close()

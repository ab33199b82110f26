"""A refresh makes anew what all learnings share: afterwards values are a function of the set of records, whatever happened before."""

import random
from collections.abc import Sequence
from pathlib import Path

from fixtures.store import WRITE, attribute, learning, record, store_server, version
from fixtures.waiting import wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.domain import AttributionRecord, LearningValue
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore

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


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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

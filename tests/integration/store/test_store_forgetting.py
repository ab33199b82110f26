"""A person has a session or a learning forgotten: the store is as if it had never been, in memory and on disk."""

from pathlib import Path
from typing import Any

import pytest
from fixtures.store import WRITE, attribute, learning, record, version

from worker.domain import DecisionKind
from worker.errors import NotFound
from worker.store.api import StoreApi
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore
from worker.store.shapes.changes import ForgottenFromStore

A, B = "learning-a", "learning-b"


@pytest.fixture(autouse=True)
def _known(store: AttributionStore) -> None:
    store.import_learnings([learning(A), learning(B)], actor="alex", now=1)


def test_a_session_is_as_if_it_had_never_been(store: AttributionStore) -> None:
    """Records, assignments and sums are without it; a dry run counts the same and leaves everything."""
    attribute(store, "kept", A, B, timestamp=5)
    store.refresh_values()
    before = store.list_learning_values()
    store.assign("s", [A, B], now=1)
    attribute(store, "s", A, B, timestamp=9)
    would = store.forget_session("s", dry_run=True)
    assert would == ForgottenFromStore(records=2, assignments=2)
    assert len(store.get_attributions_for_session("s")) == 2
    assert store.forget_session("s", dry_run=False) == would
    assert store.list_learning_values() == before
    assert store.get_attributions_for_session("s") == []
    assert store.rebuild(repair=False) == []
    assert store.forget_session("s", dry_run=False) == ForgottenFromStore()
    with pytest.raises(NotFound):
        store.get_session_version("s")


def test_a_worker_in_the_middle_of_it(store: AttributionStore) -> None:
    """Whatever comes of a forgotten session is turned away; an assignment is answered, and not logged."""
    store.open_session("s", version(), [A])
    store.forget_session("s", dry_run=False)
    for late in (
        lambda: store.finish_session("s", version(), records=[record(A, "s")]),
        lambda: store.open_session("s", version(2000), [A]),
        lambda: store.store_attribution(record(A, "s"), version()),
    ):
        with pytest.raises(NotFound, match="forgotten"):
            late()
    assert [answer.learning_id for answer in store.assign("s", [A], now=2)] == [A]
    assert store.counts()["assignments"] == 0


def test_decisions_stay_without_its_name(store: AttributionStore) -> None:
    """The line that a session caused stays in the history and no longer names it; one that still stands travels with the next session."""
    harmful: dict[str, Any] = {"session_outcome": -1.0, "withhold_probability": 0.5}
    for number in range(60):
        attribute(store, f"with-{number}", A, **harmful)
        attribute(store, f"without-{number}", A, was_withheld=True, **harmful | {"session_outcome": 1.0})
    [told] = [line for line in store.get_decisions(A) if line.kind is DecisionKind.DEPRECATED]
    assert store.forget_session(told.session_id, dry_run=True).decisions == 1
    store.forget_session(told.session_id, dry_run=False)
    lines = [line for line in store.get_decisions(A) if line.kind is DecisionKind.DEPRECATED]
    assert {line.session_id for line in lines} == {""}
    store.open_session("next", version(), [B])
    carried = store.finish_session("next", version(), records=[record(B, "next")]).deprecations
    assert [line.learning_id for line in carried] == [A]


def test_a_learning_goes_with_all_that_was_found_out(store: AttributionStore) -> None:
    """The others have the values of a store that never had it, and it may come back as new."""
    other = CozoStore(None)
    other.import_learnings([learning(B)], actor="alex", now=1)
    attribute(store, "s", A, B)
    attribute(other, "s", B)
    store.assign("t", [A, B], now=3)
    store.decide(A, DecisionKind.PINNED, actor="alex", reason="", now=2)
    found = store.forget_learning(A, dry_run=True)
    assert found == ForgottenFromStore(learnings=1, records=1, assignments=1, decisions=2)
    assert store.forget_learning(A, dry_run=False) == found
    other.refresh_values()
    assert store.list_learning_values() == other.list_learning_values()
    assert store.rebuild(repair=False) == []
    assert store.counts() == other.counts() | {"assignments": 1}
    assert store.get_health(B).companions == ()
    with pytest.raises(NotFound):
        store.forget_learning(A, dry_run=False)
    assert store.import_learnings([learning(A)], actor="alex", now=9).new == (A,)
    assert [line.kind for line in store.get_decisions(A)] == [DecisionKind.IMPORTED]
    assert store.finish_session("s", version(), records=[]).kept[0].learning_id == B


def test_no_byte_stays_in_the_folder(tmp_path: Path) -> None:
    """Neither of a session nor of a learning, in what RocksDB keeps for itself; a restart knows that the session was forgotten."""
    store = CozoStore(tmp_path)
    store.import_learnings([learning(A), learning(B, insight="quarkstrudel")], actor="alex", now=1)
    attribute(store, "session-quarkstrudel", A)
    store.forget_session("session-quarkstrudel", dry_run=False)
    store.forget_learning(B, dry_run=False)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"quarkstrudel" in path.read_bytes()] == []
    store.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"quarkstrudel" in path.read_bytes()] == []
    again = CozoStore(tmp_path)
    with pytest.raises(NotFound, match="forgotten"):
        again.open_session("session-quarkstrudel", version(), [A])
    again.close()


def test_over_http(server_address: str) -> None:
    """Both are asked for with the write token; ids may hold anything; an unknown learning is said to be unknown."""
    api = StoreApi(server_address, token=WRITE)
    api.import_learnings([learning("a/b")], actor="alex")
    api.assign("s/1", ["a/b"])
    assert api.forget_session("s/1", dry_run=True) == api.forget_session("s/1") == ForgottenFromStore(assignments=1)
    assert api.forget_learning("a/b") == ForgottenFromStore(learnings=1, decisions=1)
    with pytest.raises(NotFound, match="no learning a/b"):
        api.forget_learning("a/b")
    api.close()

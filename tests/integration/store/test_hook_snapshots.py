"""A hook's snapshot follows whatever changes what it says, within a second, while a real server runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures.hooks import append, decided
from fixtures.store import WRITE, attribute, learning, store_server
from fixtures.waiting import wait_until

from worker.domain import DecisionKind
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, ManagedLearning, ManagedUnit, write_managed
from worker.formats.hook_snapshot import HookSnapshot, SnapshotLearning, snapshot_at
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.hooks.keeper import HookKeeper, kept

A, B, SECTION = "learning-a", "learning-b", "section"


@pytest.fixture
def folder(tmp_path: Path) -> HookFolder:
    found = HookFolder(tmp_path / "data")
    managed = Managed(
        root="/p",
        learnings=(ManagedLearning(id=A, text="A"), ManagedLearning(id=B, text="B"), ManagedLearning(id="x", text="X")),
        units=(ManagedUnit(id=SECTION, title="S", text="S"),),
    )
    write_managed(found.managed, managed)
    return found


@pytest.fixture
def api(socket_address: str, folder: HookFolder) -> Iterator[StoreApi]:
    with store_server(socket_address, hooks_of=folder.data_dir) as (address, _):
        store = StoreApi(address, token=WRITE)
        store.import_learnings([learning(A), learning(B), learning(SECTION), learning("other")], actor="alex")
        yield store
        store.close()


def becomes(folder: HookFolder, holds: Callable[[HookSnapshot], bool]) -> HookSnapshot:
    """Within a second, and a margin for a busy machine."""
    found: list[HookSnapshot] = []

    def look() -> bool:
        snapshot = snapshot_at(folder.snapshot)
        if snapshot is None or not holds(snapshot):
            return False
        found.append(snapshot)
        return True

    wait_until(look, "the snapshot says so", seconds=5)
    return found[0]


def of(snapshot: HookSnapshot, learning_id: str = A) -> SnapshotLearning:
    return next(each for each in snapshot.learnings if each.id == learning_id)


def test_it_says_what_holds(api: StoreApi, folder: HookFolder) -> None:
    """Text, chance, pin, disabling, epoch, section; learnings that the store does not know are not drawn."""
    first = becomes(folder, lambda s: len(s.learnings) == 2)
    assert (first.root, first.salt, [each.id for each in first.learnings]) == ("/p", "groove-ablation-1", [A, B])
    assert (of(first).mark, of(first).unit, of(first).withhold_probability) == ("learning-a", A, 0.25)
    api.decide(A, DecisionKind.PINNED, actor="alex")
    becomes(folder, lambda s: of(s).pinned)
    api.decide(A, DecisionKind.TRIED, actor="alex")
    becomes(folder, lambda s: of(s).withhold_probability == 0.5)
    api.decide(A, DecisionKind.DISABLED, actor="alex")
    becomes(folder, lambda s: of(s).disabled and of(s).withhold_probability == 0)
    api.decide(A, DecisionKind.ENABLED, actor="alex")
    becomes(folder, lambda s: not of(s).disabled and of(s).epoch == 2)
    api.import_learnings([learning(A, insight="Other words")], actor="alex")
    becomes(folder, lambda s: of(s).text == "Other words" and of(s).epoch == 3)
    api.draw_together({A: SECTION, B: SECTION}, actor="alex")
    last = becomes(folder, lambda s: {each.unit for each in s.learnings} == {SECTION})
    assert last.policy_version == api.publish_policy([A]).policy_version != first.policy_version
    assert [path.name for path in folder.path.glob("*snapshot*")] == ["snapshot.json"]


def test_a_verdict_changes_it(api: StoreApi, folder: HookFolder, socket_address: str) -> None:
    """Sessions without the learning do much better: the rule deprecates it, and it is injected no more."""
    becomes(folder, lambda s: len(s.learnings) == 2)
    sessions = HttpStore(socket_address, token=WRITE)
    for number in range(150):
        withheld = number % 3 == 0
        attribute(
            sessions,
            f"s{number}",
            A,
            timestamp=2_000_000_000_000_000 + number,
            was_withheld=withheld,
            withhold_probability=0.3,
            session_outcome=1.0 if withheld else -1.0,
        )
    sessions.close()
    assert str(api.show(A).value.status) == "Deprecated"
    assert not of(becomes(folder, lambda s: of(s).disabled), B).disabled


def test_it_follows_the_managed_learnings(api: StoreApi, folder: HookFolder) -> None:
    """In their order; a snapshot that somebody removed or damaged is written again."""
    becomes(folder, lambda s: len(s.learnings) == 2)
    write_managed(folder.managed, Managed(root="/q", learnings=(ManagedLearning(id=B, text="B"),)))
    assert becomes(folder, lambda s: s.root == "/q").learnings[0].id == B
    folder.snapshot.write_bytes(folder.snapshot.read_bytes()[:-20])
    becomes(folder, lambda s: s.root == "/q")
    folder.snapshot.unlink()
    becomes(folder, lambda s: s.root == "/q")


def test_the_last_decision_is_in_it(socket_address: str, folder: HookFolder) -> None:
    """Also where the server is told to stop right after it, as after a command that started one for itself."""
    with store_server(socket_address, hooks_of=folder.data_dir) as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(B)], actor="alex")
        api.decide(B, DecisionKind.DISABLED, actor="alex")
    snapshot = snapshot_at(folder.snapshot)
    assert snapshot is not None
    assert of(snapshot, B).disabled


def test_a_store_elsewhere_is_asked(socket_address: str, folder: HookFolder) -> None:
    """By whoever runs on the project's machine: snapshot and spool as with a server that has the folder."""
    with store_server(socket_address) as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(B)], actor="alex")
        with kept(HookKeeper(folder.data_dir, StoreApi(address, token=WRITE))):
            becomes(folder, lambda s: len(s.learnings) == 2)
            api.decide(B, DecisionKind.DISABLED, actor="alex")
            becomes(folder, lambda s: of(s, B).disabled)
            append(folder.spool, decided(api.publish_policy([A]), "s"))
            wait_until(lambda: api.status().counts["assignments"] == 1, "the decision is in the store")
        api.close()

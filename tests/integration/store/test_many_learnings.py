"""What a person asks for, at thousands of learnings: so many questions to the database, whatever the number of learnings."""

from collections.abc import Callable
from typing import Any

import pytest
from fixtures.store import attribute, learning

from worker.layers.ablation.companions import ENOUGH
from worker.store.cozo.store import CozoStore

MANY = 60
ASK: dict[str, Callable[[CozoStore], object]] = {
    "health": lambda store: store.list_health(),
    "proof": lambda store: store.rebuild(repair=False),
    "values": lambda store: store.list_learning_values(),
    "learnings": lambda store: store.list_learnings(),
    "counts": lambda store: store.counts(),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int, str], list[str]]:
    """(learnings, sessions that have all of them, what is asked for) -> the queries that it took."""

    def ask(learnings: int, sessions: int, what: str) -> list[str]:
        store = CozoStore(None)
        ids = [f"l{number}" for number in range(learnings)]
        store.import_learnings([learning(id_) for id_ in ids], actor="test", now=1)
        for number in range(sessions):
            attribute(store, f"s{number}", *ids, timestamp=1000 + number)
        store.list_learning_values()
        looks: list[str] = []
        read = store._space.database.read

        def counted(name: str, **arguments: Any) -> Any:
            looks.append(name)
            return read(name, **arguments)

        with monkeypatch.context() as patched:
            patched.setattr(store._space.database, "read", counted)
            ASK[what](store)
        store.close()
        return looks

    return ask


@pytest.mark.parametrize("what", ASK)
@pytest.mark.parametrize("sessions", [2, ENOUGH])
def test_questions_do_not_grow_with_the_learnings(
    asked: Callable[[int, int, str], list[str]], what: str, sessions: int
) -> None:
    """As many for sixty learnings as for one."""
    assert asked(MANY, sessions, what) == asked(1, sessions, what)


def test_companions_are_looked_for_only_where_there_can_be_some(asked: Callable[[int, int, str], list[str]]) -> None:
    """With few sessions the health of all learnings takes no look at who else was injected."""
    assert asked(MANY, ENOUGH - 1, "health") == []
    assert "learnings_of_sessions" in asked(MANY, ENOUGH, "health")


def test_all_that_travel_together_are_named() -> None:
    """Of sixty learnings in the same sessions each has the other fifty-nine; one that stayed away in two of them is none."""
    store = CozoStore(None)
    ids = [f"l{number:02}" for number in range(MANY)]
    store.import_learnings([learning(id_) for id_ in [*ids, "other"]], actor="test", now=1)
    for number in range(ENOUGH + 1):
        attribute(store, f"s{number}", *ids, *(["other"] if number > 1 else []), timestamp=1000 + number)
    healths = {health.learning_id: health for health in store.list_health()}
    assert all([one.learning_id for one in healths[id_].companions] == [o for o in ids if o != id_] for id_ in ids)
    assert healths["other"].companions == ()
    assert list(healths.values()) == [store.get_health(learning_id) for learning_id in healths]
    store.close()

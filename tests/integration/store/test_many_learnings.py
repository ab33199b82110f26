"""What a person asks for, at thousands of learnings."""

from typing import Any

import pytest
from fixtures.store import attribute, learning

from worker.layers.ablation.companions import ENOUGH
from worker.store.cozo.store import CozoStore

MANY = 60


@pytest.mark.parametrize(("sessions", "asked"), [(2, 0), (ENOUGH - 1, 0), (ENOUGH, MANY)])
def test_companions_are_looked_for_only_where_there_can_be_some(
    monkeypatch: pytest.MonkeyPatch, sessions: int, asked: int
) -> None:
    """With few sessions the health of all learnings takes no look at who else was injected; with enough, one per learning."""
    ids = [f"l{number}" for number in range(MANY)]
    store = CozoStore(None)
    store.import_learnings([learning(id_) for id_ in ids], actor="test", now=1)
    for number in range(sessions):
        attribute(store, f"s{number}", *ids, timestamp=1000 + number)
    database, looks = store._space.database, []
    read = database.read

    def counted(name: str, **arguments: Any) -> Any:
        looks.append(name)
        return read(name, **arguments)

    monkeypatch.setattr(database, "read", counted)
    healths = store.list_health()
    store.close()
    assert len(healths) == MANY
    assert looks.count("injected_beside") == asked
    assert all(len(health.companions) == (MANY - 1 if asked else 0) for health in healths)

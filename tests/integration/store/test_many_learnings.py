"""What a person asks for, at thousands of learnings: so many questions to the database, whatever the number of learnings."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fixtures.store import attribute, learning, record, version

from worker.domain import AttributionRecord
from worker.errors import CannotUndo, NotFound
from worker.layers.ablation.companions import ENOUGH, companions
from worker.store.cozo.store import CozoStore
from worker.store.server.routes.values import what_followed
from worker.store.shapes.learnings import LearningsWanted

MANY = 60
ASK: dict[str, Callable[[CozoStore], object]] = {
    "health": lambda store: store.list_health(),
    "proof": lambda store: store.rebuild(repair=False),
    "values": lambda store: store.list_learning_values(),
    "latest values": lambda store: store.views.latest_values(),
    "a page": lambda store: store.views.learnings(LearningsWanted(limit=MANY)),
    "overview": lambda store: store.views.experiments(limit=MANY),
    "learnings": lambda store: store.list_learnings(),
    "bounded proof": lambda store: store.prove(seconds=60),
    "counts": lambda store: store.counts(),
    "what followed uses": what_followed,
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


def test_a_bounded_proof_looks_at_other_learnings_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time at all some are looked at; a damaged sum is found sooner or later, and at once with time enough."""
    monkeypatch.setattr("worker.store.cozo.rebuild._LEARNINGS", 5)
    ids = [f"l{number:02}" for number in range(20)]
    store = CozoStore(None)
    store.import_learnings([learning(id_) for id_ in ids], actor="test", now=1)
    attribute(store, "s", *ids)
    proof = store.prove(seconds=0)
    assert (proof.differences, proof.of) == ([], 20)
    assert proof.looked_at in {0, 5}
    row = list(store._space.database.read("all_sums")[7])
    row[2] += 1
    store._space.database.commit({"put_sums": [row]})
    whole = store.prove(seconds=60)
    assert (whole.looked_at, [d.name for d in whole.differences]) == (20, ["n_records"])
    assert whole.differences == store.rebuild(repair=False)
    assert any(store.prove(seconds=0).differences for _ in range(200))
    store.close()


def test_companions_are_looked_for_only_where_there_can_be_some(asked: Callable[[int, int, str], list[str]]) -> None:
    """With few sessions the health of all learnings takes no look at who else was injected."""
    assert asked(MANY, ENOUGH - 1, "health") == []
    assert "designs" in asked(MANY, ENOUGH, "health")


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


@pytest.mark.parametrize("withheld", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("sessions", [40, 230])
def test_companions_are_those_of_a_count_of_every_pair(sessions: int, withheld: float) -> None:
    """With sessions that lack some learnings, learnings that some withhold, and more sessions than are looked through."""
    chance = random.Random(f"{sessions} {withheld}")
    ids = [f"l{number}" for number in range(8)]
    store = CozoStore(None)
    store.import_learnings([learning(id_) for id_ in ids], actor="test", now=1)
    history = []
    for number in range(sessions):
        chosen = [id_ for id_ in ids if chance.random() < (0.99 if id_ < "l5" else 0.8)]
        made = [_one(id_, number, was_withheld=chance.random() < withheld) for id_ in chosen]
        store.finish_session(f"s{number:03}", version(timestamp=1000 + number), records=made)
        history.append(made)
    found = {health.learning_id: health.companions for health in store.list_health()}
    store.close()
    assert found == {id_: _counted(id_, history) for id_ in ids}


def _one(learning_id: str, number: int, *, was_withheld: bool) -> AttributionRecord:
    return record(learning_id, f"s{number:03}", timestamp=1000 + number, was_withheld=was_withheld)


def _counted(learning_id: str, history: Sequence[Sequence[AttributionRecord]]) -> object:
    together, instead, sessions = Counter[str](), Counter[str](), 0
    having = [made for made in history if any(one.learning_id == learning_id for one in made)]
    for made in having[-200:]:
        mine = next(one for one in made if one.learning_id == learning_id)
        sessions += not mine.was_withheld
        others = [one.learning_id for one in made if one.learning_id != learning_id and not one.was_withheld]
        (instead if mine.was_withheld else together).update(others)
    return companions(sessions=sessions, together=together, instead=instead)


@pytest.mark.parametrize("seed", range(4))
def test_health_that_is_remembered_is_what_it_would_be_anew(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written between two looks: new sessions, others' records in them, new texts, what is forgotten."""
    monkeypatch.setattr("worker.store.cozo.beside._MOST_TOUCHED", 6)
    chance = random.Random(seed)
    ids = [f"l{number}" for number in range(6)]
    store = CozoStore(None)
    store.import_learnings([learning(id_) for id_ in ids], actor="test", now=1)
    for number in range(ENOUGH + 3):
        attribute(store, f"s{number:03}", *ids, timestamp=1000 + number)
    for step in range(40):
        for _ in range(chance.choice((1, 1, 8))):
            _change_something(store, chance, ids, step)
        remembered, overview = store.list_health(), store.views.experiments(limit=3)
        store._space.forget()
        assert remembered == store.list_health()
        assert overview == store.views.experiments(limit=3)
        named = {(min(h.learning_id, c.learning_id), max(h.learning_id, c.learning_id), c.share)
                 for h in remembered for c in h.companions}  # fmt: skip
        assert overview.n_pairs == len({pair[:2] for pair in named})
        assert {(pair.one, pair.other, pair.share) for pair in overview.pairs} <= named
    store.close()


def _change_something(store: CozoStore, chance: random.Random, ids: list[str], step: int) -> None:
    number = chance.randrange(ENOUGH + 10)
    what = chance.choice(("finish", "finish", "one", "forget", "learning", "text", "off"))
    one = chance.choice(ids)
    made = [_one(id_, number, was_withheld=chance.random() < 0.3) for id_ in ids if chance.random() < 0.8]
    at = version(timestamp=2000 + step)
    # a session that was forgotten, or a learning that is not there, takes no more records
    with contextlib.suppress(NotFound, CannotUndo):
        if what == "finish":
            store.finish_session(f"s{number:03}", at, records=made)
        elif what == "one":
            store.store_attribution(_one(one, number, was_withheld=chance.random() < 0.5), at)
        elif what == "forget" and step % 3 == 0:
            store.forget_session(f"s{number:03}", dry_run=False)
        elif what == "learning" and step % 9 == 0:
            store.forget_learning(one, dry_run=False)
        elif what == "text":
            store.import_learnings([learning(one, insight=f"say {step}")], actor="test", now=2000 + step)
        elif what == "off":
            store.undo(one, number=None, actor="test", reason="", now=2000 + step)

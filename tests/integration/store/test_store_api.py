"""What workers and commands get over HTTP is what the store itself says, field by field."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.store import READ, WRITE, attribute, learning, record, store_server, version

from worker.domain import DecisionKind, LearningCategory
from worker.errors import CannotUndo, GrooveError, InvalidRequest, NotFound, StoreUnavailable, Superseded
from worker.settings.layers import ActivationParameters, LayerParameters
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore
from worker.store.shapes.learning import RecordsWanted
from worker.store.shapes.learnings import LearningSort, LearningsWanted
from worker.store.shapes.upkeep import Reading

A, B = "learning-a", "b/{}'\"\\;:=?# 🙂"


@pytest.fixture
def api(server_address: str) -> Iterator[StoreApi]:
    store = StoreApi(server_address, token=WRITE)
    store.import_learnings([learning(A), learning(B, scope={"Project": "/home/a b"}, pattern="$x")], actor="alex")
    yield store
    store.close()


@pytest.fixture
def sessions(server_address: str) -> Iterator[HttpStore]:
    store = HttpStore(server_address, token=WRITE)
    yield store
    store.close()


def test_what_cannot_be_asked_is_one_line(api: StoreApi) -> None:
    """An error of ours, as commands tell it: of the text that a person typed, not of the program."""
    with pytest.raises(InvalidRequest, match=r"^session_id: an id holds printable characters only$"):
        api.assign("two\nlines", [A])
    with pytest.raises(InvalidRequest, match=r"^learning_ids: List should have at most 2000 items"):
        api.assign("s", [f"l{number}" for number in range(2001)])
    assert issubclass(InvalidRequest, GrooveError)


def test_answers_are_the_store_s_own(tmp_path: Path, socket_address: str) -> None:
    """Learnings, values, records, decisions, arms, health, explanations: the same as from the folder, once the server has gone."""
    with store_server(socket_address, folder=tmp_path / "store") as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(B)], actor="alex")
        attribute(HttpStore(address, token=WRITE), "s", A, B)
        attribute(HttpStore(address, token=WRITE), "t", A, timestamp=2000, was_withheld=True, session_outcome=-0.5)
        api.decide(A, DecisionKind.PINNED, actor="kim", reason="no")
        shown, listed, health, records = api.show(A, recent=1), api.learnings(), api.health(), api.records("s")
        newest, explained, arms, history = api.sessions(A), api.explain(A, "s"), api.experiment(A), api.history(A)
        counts, plain = api.status().counts, api.plain_learnings()
    store = CozoStore(tmp_path / "store")
    assert {entry.learning.learning_id: entry.learning for entry in listed.learnings} == store.get_learnings([A, B])
    assert [entry.value for entry in listed.learnings] == store.list_learning_values()
    assert (shown.value, shown.health, shown.history) == (
        store.get_learning_value(A),
        store.get_health(A),
        store.get_decisions(A),
    )
    assert shown.recent == store.get_attributions_for_learning(A, limit=1)
    assert (newest, records) == (store.get_attributions_for_learning(A), store.get_attributions_for_session("s"))
    assert (explained, arms, history) == (store.explain(A, "s"), store.get_experiment(A), store.get_decisions(A))
    assert (health, counts, plain) == (store.list_health(), store.counts(), store.list_learnings())
    store.close()


def test_a_session_goes_its_way_over_http(api: StoreApi, sessions: HttpStore) -> None:
    """What was assigned comes back when it opens, every field of its records when it ends; older versions are turned away."""
    with pytest.raises(NotFound):
        sessions.get_session_version("s")
    assigned = api.assign("s", [A]).assignments
    opened = sessions.open_session("s", version(2000), [B, "nobody's"])
    assert (set(opened.learnings), set(opened.assignments)) == ({A, B}, {A})
    assert opened.assignments[A].withhold_probability == assigned[0].withhold_probability
    stored = record(B, "s", 2000, contaminated=True, assignment_mismatch=True)
    finished = sessions.finish_session("s", version(2000), records=[stored, record("unknown", "s", 2000)])
    assert finished.refused == {"unknown": "unknown learning: import it, then retry"}
    assert api.records("s") == [replace(stored, epoch=1)]
    assert sessions.finish_session("s", version(2000), records=[]).kept == (replace(stored, epoch=1),)
    assert sessions.get_session_version("s") == version(2000)
    for late in (
        lambda: sessions.open_session("s", version(1000), [A]),
        lambda: sessions.finish_session("s", version(1000), records=[]),
    ):
        with pytest.raises(Superseded):
            late()


def test_numbers_that_are_none_do_not_get_through(api: StoreApi, sessions: HttpStore) -> None:
    """NaN and infinities are refused on the way, with all that came with them."""
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match=r"finite|number"):
            sessions.finish_session("s", version(), records=[record(A, "s", activation_confidence=bad)])
    assert api.records("s") == []


def test_learnings_are_found_page_by_page(api: StoreApi, sessions: HttpStore) -> None:
    """By text in any field, category, status and verdict; the total counts what matches, not what the page holds."""
    api.import_learnings([learning("c", category=LearningCategory.SOLUTION, insight="Ask FIRST")], actor="alex")
    attribute(sessions, "s", A)
    page = api.learnings(limit=2)
    assert (page.total, len(page.learnings)) == (3, 2)
    assert {value.learning_id for value in api.values()} == {A, B, "c"}
    ask = api._connection.request
    for query, expected in (
        ({"text": "first"}, [b'"c"']),
        ({"text": "LEARNING-"}, [b'"learning-a"']),
        ({"category": "Solution"}, [b'"c"']),
        ({"verdict": "keep"}, []),
        ({"sort": "sessions", "limit": "1"}, [b'"learning-a"']),
        ({"sort": "sessions", "offset": "3"}, []),
    ):
        found = ask("GET", "/learnings", query=query)
        assert found.count(b'"insight"') == len(expected)
        assert all(id_ in found for id_ in expected)
    assert api.learning_ids(beginning="learning") == [A]


def test_views_over_http(tmp_path: Path, socket_address: str) -> None:
    """Pages, pictures' numbers and the revision are the store's own."""
    with store_server(socket_address, folder=tmp_path / "store") as (address, _):
        api = StoreApi(address, token=WRITE)
        api.import_learnings([learning(A), learning(B, scope={"Project": "/home/a b"})], actor="alex")
        sessions = HttpStore(address, token=WRITE)
        for number in range(4):
            attribute(sessions, f"s{number}", A, B, timestamp=1000 + number, was_withheld=number % 2 == 0)
        before = api.revision()
        assert api.revision() == before
        attribute(sessions, "another", A, timestamp=3000)
        assert api.revision() != before
        reader = StoreApi(address, token=READ)
        page = reader.learnings(scope="/home/a b", sort="worth", reverse=True)
        answers = [reader.over_time(B, points=2), reader.over_time(B, epoch=7), reader.arms(B), reader.texts(B)]
        records = [reader.lean_records(B, arm="without"), reader.lean_records(B, used=True, randomised=True, limit=1)]
        summaries, overview = reader.summaries(["s1", "nobody's", "s0"]), reader.overview(limit=1)
    store = CozoStore(tmp_path / "store")
    views = store.views
    assert page == views.learnings(
        LearningsWanted(scope="/home/a b", sort=LearningSort.WORTH, reverse=True, limit=100_000)
    )
    assert (page.total, [entry.learning.learning_id for entry in page.learnings]) == (1, [B])
    assert answers == [
        views.over_time(B, points=2),
        views.over_time(B, points=60, epoch=7),
        views.arms(B),
        views.texts(B),
    ]
    assert records == [
        views.records(B, RecordsWanted(was_withheld=True)),
        views.records(B, RecordsWanted(was_used=True, is_randomised=True, limit=1)),
    ]
    assert [summary.session_id for summary in summaries] == ["s1", "s0"]
    assert (summaries, overview) == (views.sessions(["s1", "s0"]), views.experiments(limit=1))
    store.close()


def test_a_decision_is_taken_back_over_http(api: StoreApi, sessions: HttpStore) -> None:
    """The newest or a named one, once; what cannot be undone says so here too."""
    attribute(sessions, "s", B)
    before = api.show(B).value
    line = api.decide(B, DecisionKind.DISABLED, actor="alex")
    undone = api.undo(B, actor="kim", reason="by mistake")
    assert (undone.undoes, undone.actor, api.show(B).value) == (line.number, "kim", before)
    assert api.undo(B, number=line.number, actor="kim") == undone == api.history(B)[-1]
    with pytest.raises(CannotUndo, match=r"line 1 .* is no decision"):
        api.undo(B, number=1, actor="kim")
    with pytest.raises(NotFound, match="there is no line 99: its history has 3"):
        api.undo(B, number=99, actor="kim")
    with pytest.raises(CannotUndo, match="nobody decided"):
        api.undo(A, actor="kim")


def test_what_is_unknown_is_said_to_be_unknown(api: StoreApi) -> None:
    """Whatever is asked about a learning that nobody imported ends as NotFound here too."""
    for ask in (
        lambda: api.show("x"),
        lambda: api.history("x"),
        lambda: api.experiment("x"),
        lambda: api.sessions("x"),
        lambda: api.explain("x", "s"),
        lambda: api.decide("x", DecisionKind.PINNED, actor="alex"),
        lambda: api.undo("x", actor="alex"),
        lambda: api.over_time("x"),
        lambda: api.arms("x"),
        lambda: api.texts("x"),
        lambda: api.lean_records("x"),
        lambda: api.assign("s", [A, "x"]),
    ):
        with pytest.raises(NotFound, match="x"):
            ask()


def test_the_average_is_over_learnings_with_sessions(api: StoreApi, sessions: HttpStore) -> None:
    """One definition, with the number of learnings that it is over."""
    assert (api.status().average_value, api.status().learnings_with_sessions) == (None, 0)
    attribute(sessions, "s", A)
    status = api.status()
    assert (status.average_value, status.learnings_with_sessions) == (api.show(A).value.estimated_value, 1)


def test_upkeep_over_http(api: StoreApi, sessions: HttpStore) -> None:
    """Sums agree with the records; other settings, or layer 1 read again, say what they would change."""
    attribute(sessions, "s", A)
    assert (api.rebuild(repair=True), api.refresh()) == ([], 0)
    assert api.shadow(LayerParameters()) == []
    strict = LayerParameters(activation=ActivationParameters(similarity_threshold=0.9))
    [change] = api.shadow(strict)
    assert (change.now.activation_rate, change.then.activation_rate) == (1.0, 0.0)
    unused = Reading(learning_id=A, session_id="s", activation_confidence=0.1, was_activated=False)
    assert api.shadow(LayerParameters(), readings=[unused])[0].then == change.then


def test_unusable_learnings_are_refused_by_name(api: StoreApi) -> None:
    """By the rules for files of learnings: nothing of the request is taken."""
    for bad in (learning("x", insight=" "), learning("a\nb"), learning("x", confidence=2.0)):
        with pytest.raises(ValueError, match=r"learnings\.1"):
            api.import_learnings([learning("new"), bad], actor="alex")
    assert "new" not in api.learning_ids()


def test_the_read_token_changes_nothing(server_address: str) -> None:
    """It lists, and is refused where it would write."""
    reader = StoreApi(server_address, token=READ)
    assert reader.learning_ids() == []
    for write in (lambda: reader.rebuild(repair=False), reader.refresh, lambda: reader.assign("s", [])):
        with pytest.raises(StoreUnavailable, match="may only read"):
            write()


def test_decisions_and_questions_about_many_go_over_http(api: StoreApi, sessions: HttpStore) -> None:
    """One request for several learnings, and back; sessions by how they ended."""
    attribute(sessions, "good", A)
    attribute(sessions, "bad", A, timestamp=2000, session_outcome=-1.0)
    lines = api.decide_together([A, B], DecisionKind.PINNED, actor="kim", reason="both")
    assert [line.kind for line in lines] == [DecisionKind.PINNED, DecisionKind.PINNED]
    undone = api.undo_together({A: lines[0].number, B: None}, actor="kim")
    assert ([line.undoes for line in undone.decisions], undone.refused) == ([line.number for line in lines], {})
    assert api.find_sessions().session_ids == ("bad", "good")
    assert api.find_sessions(outcome="good").session_ids == ("good",)
    assert api.find_sessions(project="/nowhere").total == 0

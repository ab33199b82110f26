"""The engine behind the store: indices that are used, transactions that are whole, errors that are ours."""

import re
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fixtures.store import learning, record, version
from pycozo.client import QueryException

from worker.errors import ConfigurationError, InvalidFile, StoreUnavailable
from worker.settings.layers import AblationParameters, LayerParameters
from worker.store.cozo import named_queries, rows
from worker.store.cozo.database import CozoDatabase, restore
from worker.store.cozo.store import CozoStore

#: read whole relations on purpose: at the start, for maintenance, for a list of everything
WHOLE = {name for name in named_queries.load("queries.cozo") if name.startswith(("all_", "count_"))} | {
    "unpublished",
    # only where a person has a learning forgotten: an index would cost every assignment
    "assignment_keys",
    "assignment_section_keys",
    # a few rows, and only there too
    "member_keys",
    # at the start alone
    "newest_policy",
    # all experiments at a glance: a small row for each session
    "newest_session_at",
    "sessions_by_day",
}
#: read what lies between two ids, and nothing else
BETWEEN = {name for name in named_queries.load("queries.cozo") if name.endswith("_between")}
READS = [
    name for name, script in named_queries.load("queries.cozo").items() if ":put" not in script and ":rm" not in script
]
#: columns in the published order
PUBLISHED = {
    "attribution": "learning_id session_id timestamp was_activated activation_confidence activation_signals_json temporal_positive "
    "temporal_negative net_temporal was_withheld session_outcome attributed_value",
    "learning_value": "learning_id estimated_value confidence session_count activation_rate temporal_value temporal_confidence "
    "ablation_value ablation_confidence status updated_at",
    "ablation_experiment": "learning_id started_at sessions_with_json sessions_without_json marginal_value confidence is_significant",
}
ROWS: list[tuple[str, Any]] = [
    (name, row)
    for row, names in {
        rows.LearningRow: "all_learnings put_learning",
        rows.StandingRow: "all_standings put_standing",
        rows.DecisionRow: "decisions decisions_of_version decisions_of_session unpublished put_decision",
        rows.SessionRow: "session put_session",
        rows.FormerTextRow: "former_texts put_former_text",
        rows.ReturnRow: "all_returns",
        rows.AssignmentRow: "assignments put_assignment",
        rows.PolicyLineRow: "policy_lines all_policy_lines put_policy_line",
        rows.RecordRow: "records whole_records records_of_session whole_records_of_learning whole_records_of_epochs put_record",
        rows.OutcomeRow: "outcomes_of_learning",
        rows.SummedRow: "summed_records_between",
        rows.TemporalRow: "global_sums",
        rows.SumsRow: "all_sums sums_between put_sums",
        rows.ArmRow: "all_arms arms_between put_arms",
        rows.ArmSumsRow: "all_arm_sums put_arm_sums",
        rows.DesignRow: "all_designs designs put_design",
        rows.ModelRow: "all_models put_model",
        rows.OutlookRow: "outlook",
        rows.FleetRow: "fleet",
        rows.ValueRow: "all_values put_value",
        rows.ExperimentRow: "all_experiments put_experiment",
    }.items()
    for name in names.split()
]
ARGUMENTS = {
    "keys": [["a", "s"]],
    "learning_id": "a",
    "session_id": "s",
    "epoch": 1,
    "limit": 3,
    "event_id": "e",
    "attempt": 1,
    "key": "schema_version",
    "digest": "d",
    "number": 1,
    "start": 0,
    "width": 10,
    "withheld": [True],
    "used": [True],
    "randomised": [True],
    "epochs": [1],
    "sort": "newest",
    "offset": 0,
}


@pytest.mark.parametrize("name", sorted(set(READS) - WHOLE - BETWEEN))
def test_queries_use_keys_and_indices(name: str) -> None:
    """No query that belongs to one session or learning reads a whole relation."""
    database = CozoDatabase(None)
    script = named_queries.load("queries.cozo")[name]
    arguments = {key: value for key, value in ARGUMENTS.items() if f"${key}" in script}
    if re.search(r"^k\[\w+\] <-", script, re.MULTILINE):
        arguments["keys"] = [["s"]]
    if "k[learning_id, epoch] <-" in script:
        arguments["keys"] = [["a", 1]]
    plan = [row[4] for row in database._run(f"::explain {{ {script} }}", arguments, immutable=True)]
    assert "load_stored" in plan
    followers = [plan[at + 1] for at, step in enumerate(plan[:-1]) if step == "load_stored"]
    assert all(step == "stored_prefix_join" for step in followers), plan
    database.close()


@pytest.mark.parametrize("name", sorted(BETWEEN))
def test_queries_between_two_ids_read_a_range(name: str) -> None:
    """The engine is told where to begin and where to stop."""
    database = CozoDatabase(None)
    script = named_queries.load("queries.cozo")[name]
    plan = database._run(f"::explain {{ {script} }}", {"after": "a", "upto": "b"}, immutable=True)
    (bounds,) = [row[7] for row in plan if row[4] == "load_stored"]
    assert bounds == ['gt(learning_id, "a")', 'le(learning_id, "b")']
    database.close()


@pytest.mark.parametrize("relation", PUBLISHED)
def test_published_relations_have_their_columns_first(relation: str) -> None:
    """Whoever reads the database by hand finds the published columns in their order."""
    database = CozoDatabase(None)
    columns = [row[0] for row in database._run(f"::columns {relation}", {}, immutable=True)]
    expected = PUBLISHED[relation].split()
    assert columns[: len(expected)] == expected
    database.close()


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
def test_rows_name_the_columns_of_their_queries(name: str, row: type[NamedTuple]) -> None:
    """In their order, for what is read and what is written; only a record's detail may be missing."""
    head = re.search(r"^\?\[([^\]]*)\]", named_queries.load("queries.cozo")[name], re.MULTILINE)
    assert head
    columns = tuple(head[1].replace(",", " ").split())
    assert columns in {row._fields, tuple(field for field in row._fields if field != "detail_json")}


def test_a_transaction_that_fails_writes_nothing() -> None:
    """One bad row in the last block takes the first block back as well."""
    database = CozoDatabase(None)
    with pytest.raises(RuntimeError, match="refused"):
        database.commit({"put_meta": [["k", "v"]], "put_session": [["s", "not a number", "e", 1, False]]})
    assert database.read("meta", key="k") == []
    with pytest.raises(ZeroDivisionError):
        _interrupted(database)
    assert database.read("meta", key="k") == []
    database.close()


def _interrupted(database: CozoDatabase) -> None:
    with database.transaction() as transaction:
        transaction.write("put_meta", [["k", "v"]])
        raise ZeroDivisionError


def test_a_conflict_is_tried_again(tmp_path: Path) -> None:
    """A key that another transaction holds for a moment only delays the commit."""
    database = CozoDatabase(tmp_path / "db")
    other = database._connected().multi_transact(True)
    other.run('?[key, value] <- [["k", "theirs"]] :put meta')
    let_go = threading.Timer(0.2, other.abort)
    let_go.start()
    database.commit({"put_meta": [["k", "ours"]]})
    assert database.read("meta", key="k") == [["ours"]]
    let_go.join()
    database.close()


def test_a_key_held_for_ever_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the conflict does not end, the caller is told to try later."""
    monkeypatch.setattr("worker.store.cozo.database._CONFLICT_TRIES", 1)
    database = CozoDatabase(tmp_path / "db")
    other = database._connected().multi_transact(True)
    other.run('?[key, value] <- [["k", "theirs"]] :put meta')
    with pytest.raises(StoreUnavailable):
        database.commit({"put_meta": [["k", "ours"]]})
    other.abort()
    database.close()


def test_a_panic_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine throws, a BaseException included, arrives as StoreUnavailable."""

    class PanicException(BaseException):
        pass

    database = CozoDatabase(None)
    for error, expected in (
        (PanicException("called unwrap"), "panicked"),
        (QueryException({"code": "rocksdb::kIOError", "message": "No space left"}), "No space left"),
    ):
        monkeypatch.setattr(database._client, "run", _raising(error))
        with pytest.raises(StoreUnavailable, match=expected):
            database.read("meta", key="k")
    database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        database.read("meta", key="k")


def _raising(error: BaseException) -> object:
    def run(*_: object) -> None:
        raise error

    return run


def test_memory_follows_the_database_after_a_failed_commit(tmp_path: Path) -> None:
    """A commit that fails leaves values as they were, and the next one works on what is really stored."""
    store = CozoStore(tmp_path / "db")
    store.import_learnings([learning("a")], actor="alex", now=1)
    store.store_attribution(record("a", "s"), version())
    before = store.get_learning_value("a")
    commit = store._space.database.commit

    def failing(_: object) -> None:
        raise StoreUnavailable("no space left")

    store._space.database.commit = failing  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreUnavailable):
        store.store_attribution(record("a", "t"), version())
    store._space.database.commit = commit  # type: ignore[method-assign]
    assert store.get_learning_value("a") == before
    store.store_attribution(record("a", "t"), version())
    assert store.get_learning_value("a").session_count == 2
    assert store.rebuild(repair=False) == []
    store.close()


def test_a_reopened_store_is_the_same(tmp_path: Path) -> None:
    """Values, histories and waiting deprecations survive a restart."""
    store = CozoStore(tmp_path / "db")
    store.import_learnings([learning("a"), learning("b", insight="other")], actor="alex", now=1)
    store.store_attribution(record("a", "s"), version())
    store.finish_session("s", version(), records=[])
    before = store.list_learning_values(), store.get_decisions("a"), store.list_learnings()
    store.close()
    again = CozoStore(tmp_path / "db")
    assert (again.list_learning_values(), again.get_decisions("a"), again.list_learnings()) == before
    again.close()


def test_other_parameters_are_followed_at_the_start(tmp_path: Path) -> None:
    """Switching the experiment off really stops withholding, from the next start on."""
    store = CozoStore(tmp_path / "db")
    store.import_learnings([learning("a")], actor="alex", now=1)
    assert store.assign("s", ["a"], now=2)[0].withhold_probability == 0.25
    store.close()
    off = CozoStore(tmp_path / "db", parameters=LayerParameters(ablation=AblationParameters(enabled=False)))
    assert off.assign("t", ["a"], now=2)[0].withhold_probability == 0.0
    off.close()


def test_a_backup_becomes_a_store_again(tmp_path: Path) -> None:
    """Backup, deletion of everything, restore: the same values, records and indices."""
    store = CozoStore(tmp_path / "db")
    store.import_learnings([learning("a")], actor="alex", now=1)
    store.store_attribution(record("a", "s"), version())
    values = store.list_learning_values()
    store.backup(tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="exists"):
        store.backup(tmp_path / "backup")
    store.close()
    restore(tmp_path / "backup", tmp_path / "restored")
    restored = CozoStore(tmp_path / "restored")
    assert restored.list_learning_values() == values
    assert len(restored.get_attributions_for_session("s")) == 1
    assert restored.rebuild(repair=False) == []
    restored.close()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    """A missing file, another file or a folder in use are each named in one line."""
    (tmp_path / "text").write_text("not a backup")
    (tmp_path / "full").mkdir()
    CozoDatabase(None).backup(tmp_path / "backup")
    (tmp_path / "full" / "file").touch()
    with pytest.raises(InvalidFile, match="cannot be read"):
        restore(tmp_path / "missing", tmp_path / "new")
    with pytest.raises(ConfigurationError, match="not empty"):
        restore(tmp_path / "backup", tmp_path / "full")
    with pytest.raises(InvalidFile, match="not a backup"):
        restore(tmp_path / "text", tmp_path / "new")


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    """A folder written by a later version stops the start with both versions named."""
    database = CozoDatabase(tmp_path / "db")
    database.commit({"put_meta": [["schema_version", "99"]]})
    database.close()
    with pytest.raises(ConfigurationError, match="schema 99"):
        CozoDatabase(tmp_path / "db")

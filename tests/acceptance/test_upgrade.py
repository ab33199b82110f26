"""A data folder that version 0.1.0 left behind, under today's code: nothing in it changes, and it goes on from there."""

import json
import sqlite3
import tarfile
from collections.abc import Iterable
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove

from worker.ledger import open_ledger
from worker.store.cozo.store import CozoStore

LEFT_BEHIND = Path(__file__).parent / "data" / "version-0.1.0"
EXPECTED: dict[str, Any] = json.loads((LEFT_BEHIND / "expected.json").read_text())

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def folder(groove: Groove) -> Path:
    data = groove.folder / ".groove"
    with tarfile.open(LEFT_BEHIND / "folder.tar.xz") as archive:
        archive.extractall(data, filter="data")
    data.chmod(0o700)
    return data


def test_its_store_says_the_same(folder: Path) -> None:
    """Values and records bit for bit, learnings, decisions; and the sums in it are those of its records."""
    with closing(CozoStore(folder / "store")) as store:
        values = store.list_learning_values()
        by_learning = [store.get_attributions_for_learning(name) for name in sorted(EXPECTED["learnings"])]
        records = [each for found in by_learning for each in sorted(found, key=attrgetter("session_id"))]
        assert fields_of(values, EXPECTED["values"]) == [as_counted_now(each) for each in EXPECTED["values"]]
        assert fields_of(records, EXPECTED["records"]) == EXPECTED["records"]
        assert {each.learning_id: each.insight for each in store.list_learnings()} == EXPECTED["learnings"]
        decisions = [[str(each.kind), each.reason] for each in store.get_decisions("utc")]
        assert decisions == [rest for _, *rest in EXPECTED["decisions"]]
        assert store.rebuild(repair=False) == []


def test_its_ledger_gets_todays_tables(folder: Path) -> None:
    """Opening it is enough; its sessions stay finished."""
    open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}").dispose()
    assert sessions_in(folder) == [(f"session-{number}", "finished") for number in range(1, 7)]


def test_it_goes_on(groove: Groove, folder: Path) -> None:
    """The whole stack takes one session more, beside what is there; what was processed is not processed again."""
    groove("run", LEFT_BEHIND / "next.jsonl", GROOVE_STREAMS__PARTITIONS="2")
    assert sessions_in(folder) == [(f"session-{number}", "finished") for number in range(1, 8)]
    with closing(CozoStore(folder / "store")) as store:
        counts = {each.learning_id: each.session_count for each in store.list_learning_values()}
        kept = [store.get_attribution(each["learning_id"], each["session_id"]) for each in EXPECTED["records"]]
    assert counts == {each["learning_id"]: each["session_count"] + 1 for each in EXPECTED["values"]}
    assert fields_of(kept, EXPECTED["records"]) == EXPECTED["records"]


def as_counted_now(value: dict[str, Any]) -> dict[str, Any]:
    """Experiments began at a tenth then and begin at a quarter now; an unseen use of what leaves no trace is no "not used" any more."""
    rate = 1.0 if value["learning_id"] == "small" else value["activation_rate"]
    chance = 0.25 if value["next_withhold_probability"] == 0.1 else 0.0
    return value | {"next_withhold_probability": chance, "activation_rate": rate}


def fields_of(found: Iterable[object], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What 0.1.0 knew of each, as JSON would hold it: fields that came later are not compared."""
    asked = [{name: getattr(each, name) for name in expected[0]} for each in found]
    decoded: list[dict[str, Any]] = json.loads(json.dumps(asked))
    return decoded


def sessions_in(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        return ledger.execute("SELECT session_id, state FROM session ORDER BY session_id").fetchall()

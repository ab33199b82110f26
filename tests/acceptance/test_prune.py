"""`groove prune` with a real store: what its verdicts say may go is taken out of the managed file, the hook's side told, and put back."""

import json
import subprocess
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from fixtures.store import record, version

from worker.domain import DecisionKind
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import read_managed
from worker.operations.connections import open_store
from worker.settings import load_settings
from worker.store.client import HttpStore

pytestmark = pytest.mark.timeout(400)
SESSIONS = 160


@pytest.fixture
def ids(groove: Groove) -> dict[str, str]:
    """Two adopted learnings of which one is proven to harm: text -> id."""
    (groove.folder / "home").mkdir()
    (groove.folder / "CLAUDE.md").write_text("# Work\n\n- Always run `make purge`\n- Prefer small functions\n")
    subprocess.run(["git", "init", "-q"], cwd=groove.folder, check=True)
    run(groove, "adopt", "CLAUDE.md", "--unit", "bullet", "--yes")
    settings = load_settings({"GROOVE_DATA_DIR": str(groove.folder / ".groove")})
    with open_store(settings) as store:
        found = {each.learning.insight: each.learning.learning_id for each in store.learnings().learnings}
        harmful = found["Always run `make purge`"]
        store.decide(harmful, DecisionKind.TRIED, actor="alex")
        workers = HttpStore(settings.store_url, token=settings.write_token() or "")
        for number in range(SESSIONS):
            session_id, at = f"s{number}", 1_790_000_000_000_000 + number
            answers = {each.learning_id: each for each in store.assign(session_id, list(found.values())).assignments}
            is_out = answers[harmful].decision == "withhold"
            outcome = 1.0 if is_out else -1.0
            workers.open_session(session_id, version(at), list(found.values()))
            workers.finish_session(
                session_id,
                version(at),
                records=[
                    record(
                        id_,
                        session_id,
                        at,
                        was_withheld=answers[id_].decision == "withhold",
                        withhold_probability=answers[id_].withhold_probability,
                        session_outcome=outcome,
                    )
                    for id_ in found.values()
                ],
            )
        store.refresh()
        workers.close()
    return found


def run(groove: Groove, *words: str, status: int = 0) -> str:
    return groove(*words, status=status, HOME=str(groove.folder / "home"))


def managed(groove: Groove) -> set[str]:
    found = read_managed(HookFolder(groove.folder / ".groove").managed)
    assert found is not None
    return {each.id for each in found.learnings}


def test_taken_out_and_put_back(groove: Groove, ids: dict[str, str]) -> None:
    """Listed with its evidence, taken out by an edit of the file, no longer given; undone, the file has the same bytes."""
    harmful = ids["Always run `make purge`"]
    file = groove.folder / ".groove" / "learnings.md"
    before = file.read_bytes()
    (listed,) = json.loads(run(groove, "prune", "--json"))
    assert (listed["learning_id"], listed["verdict"]) in {(harmful, "remove"), (harmful, "harmful")}
    assert min(listed["sessions_with"], listed["sessions_without"]) >= 20
    assert "add --yes" in run(groove, "prune", "--apply", "--json", status=2)
    assert file.read_bytes() == before
    done = json.loads(run(groove, "prune", "--apply", "--yes", "--json"))
    assert (done["number"], done["learning_ids"]) == (1, [harmful])
    assert b"make purge" not in file.read_bytes()
    assert managed(groove) == set(ids.values()) - {harmful}
    assert json.loads(run(groove, "prune", "--json")) == []
    back = json.loads(run(groove, "prune", "--undo", "--json"))
    assert back["learning_ids"] == [harmful]
    assert file.read_bytes() == before
    assert managed(groove) == set(ids.values())
    assert "nothing was pruned" in run(groove, "prune", "--undo", status=1)
    restored = json.loads(run(groove, "restore", "--yes", "--json"))
    assert restored == {"restored": [str(Path(groove.folder, "CLAUDE.md"))], "conflicts": {}}

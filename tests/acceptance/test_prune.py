"""`groove prune` with a real store: what its verdicts say may go is taken out of the managed file, the hook's side told, and put back."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from fixtures.store import record, version

from worker.cli import groove
from worker.domain import DecisionKind
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import read_managed
from worker.operations.connections import open_store
from worker.settings import load_settings
from worker.store.client import HttpStore

pytestmark = pytest.mark.timeout(400)
SESSIONS = 160


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "CLAUDE.md").write_text("# Work\n\n- Always run `make purge`\n- Prefer small functions\n")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROOVE_DATA_DIR", str(project / ".groove"))
    return project


@pytest.fixture
def ids(project: Path) -> Iterator[dict[str, str]]:
    """Two adopted learnings of which one is proven to harm, in a store that runs: text -> id."""
    settings = load_settings({"GROOVE_DATA_DIR": str(project / ".groove")})
    with open_store(settings) as store:
        run("adopt", "CLAUDE.md", "--unit", "bullet", "--yes")
        found = {each.learning.insight: each.learning.learning_id for each in store.learnings().learnings}
        harmful = found["Always run `make purge`"]
        store.decide(harmful, DecisionKind.TRIED, actor="alex")
        store.decide(found["Prefer small functions"], DecisionKind.PINNED, actor="alex")
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
        yield found


def run(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(groove, [*words])
    assert done.exit_code == status, (done.output, done.exception)
    return done.output if status else done.stdout


def managed(project: Path) -> set[str]:
    found = read_managed(HookFolder(project / ".groove").managed)
    assert found is not None
    return {each.id for each in found.learnings}


def test_taken_out_and_put_back(project: Path, ids: dict[str, str]) -> None:
    """Listed with its evidence, taken out by an edit of the file, no longer given; undone, the file has the same bytes."""
    harmful = ids["Always run `make purge`"]
    file = project / ".groove" / "learnings.md"
    before = file.read_bytes()
    (listed,) = json.loads(run("prune", "--json"))
    assert (listed["learning_id"], listed["verdict"]) in {(harmful, "remove"), (harmful, "harmful")}
    assert min(listed["sessions_with"], listed["sessions_without"]) >= 20
    assert "add --yes" in run("prune", "--apply", "--json", status=2)
    assert file.read_bytes() == before
    done = json.loads(run("prune", "--apply", "--yes", "--json"))
    assert (done["number"], done["learning_ids"]) == (1, [harmful])
    assert b"make purge" not in file.read_bytes()
    assert managed(project) == set(ids.values()) - {harmful}
    assert json.loads(run("prune", "--json")) == []
    back = json.loads(run("prune", "--undo", "--json"))
    assert back["learning_ids"] == [harmful]
    assert file.read_bytes() == before
    assert managed(project) == set(ids.values())
    with pytest.raises(AssertionError, match="nothing was pruned"):
        run("prune", "--undo")
    restored = json.loads(run("restore", "--yes", "--json"))
    assert restored == {"restored": [str(project / "CLAUDE.md")], "conflicts": {}}

"""An assistant without hooks takes part by a switchback: rules file, sessions, import, the store's log and the arms, and back."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from assistant_standin.reader import Reader
from assistant_standin.team import RULES
from click.testing import CliRunner

from assessor.archive import open_archive
from assessor.belonging import Scope
from assessor.importing import Homes, Importer
from assessor.managed.switchback import switch
from assessor.places import own_sessions
from assessor.reading import read_files
from worker.cli import groove
from worker.cli.import_hooks import recorded_by_hooks
from worker.cli.support.known_rules import known_rules
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_switchback import SOURCE, read_switchback
from worker.operations.connections import open_store
from worker.settings import Settings, load_settings
from worker.store.api import StoreApi
from worker.store.hooks.agreement import hook_agreement
from worker.store.hooks.records import RecordState, open_records
from worker.system.clock import HOUR, MINUTE, SECOND, now_micros

pytestmark = pytest.mark.timeout(400)
HOURS, RATE = 16, 0.5


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    (project / "AGENTS.md").write_text(RULES)
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROOVE_DATA_DIR", str(project / ".groove"))
    monkeypatch.setenv("GROOVE_ABLATION__RATE", str(RATE))
    return Reader(home=home, project=project)


@pytest.fixture
def settings(reader: Reader) -> Settings:
    return load_settings({"GROOVE_DATA_DIR": str(reader.project / ".groove"), "GROOVE_ABLATION__RATE": str(RATE)})


@pytest.fixture
def store(settings: Settings) -> Iterator[StoreApi]:
    with open_store(settings) as found:
        yield found


def run(*words: str) -> str:
    done = CliRunner().invoke(groove, [*words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def work(reader: Reader, data: Path, first: int) -> dict[str, int]:
    """Two sessions in each hour, the second of which does not show its rules -> session -> when it began."""
    began = {}
    for hour in range(HOURS):
        for part in (0, 20, 40, 59):
            moment = first + hour * HOUR + part * MINUTE
            switch(data, clock=lambda moment=moment: moment)  # type: ignore[misc]
            if part in (20, 40):
                session_id = f"s{hour:02}-{part}"
                began[session_id] = moment + SECOND
                reader.work(session_id, datetime.fromtimestamp(began[session_id] / SECOND, UTC), shows_rules=part == 20)
    return began


def imported(reader: Reader, settings: Settings) -> dict[str, dict[str, object]]:
    """As `groove import` does, without the stack that attributes -> the events' contexts by session."""
    root = str(reader.project.resolve())
    with open_archive(settings.data_dir / "sessions") as archive:
        read_files(list(own_sessions({}, reader.home)), archive, Scope(project=root, since=None, named=frozenset()))
        with recorded_by_hooks(settings, archive) as hooks:
            importer = Importer(
                archive=archive,
                homes=Homes(home=reader.home),
                unit="bullet",
                now=now_micros(),
                catalogue=known_rules(settings),
                hooks=hooks,
            )
            events = list(importer.events(importer.look(root)))
    return {event.session_id: json.loads(event.payload)["context"] for event in events}


def test_from_the_rules_file_to_the_arms_and_back(reader: Reader, settings: Settings, store: StoreApi) -> None:
    """Nobody is asked while the sessions run; the import gives the store each session's decisions, by its period."""
    data = settings.data_dir
    run("adopt", "AGENTS.md", "--unit", "bullet", "--yes")
    run("hook", "switch", "AGENTS.md", "--yes")
    began = work(reader, data, now_micros() // HOUR * HOUR - (HOURS + 2) * HOUR)
    contexts = imported(reader, settings)

    known = read_switchback(HookFolder(data).switchback)
    assert known is not None
    by_conversation = {period.conversation_id: period for period in known.periods}
    with open_records(data) as records:
        kept = {each.record.session_id: each for each in records.all()}
    assert set(kept) == set(began) == set(contexts)
    assert {(each.state, each.record.source) for each in kept.values()} == {(RecordState.STORED, SOURCE)}
    texts = {each.learning.learning_id: each.learning.insight for each in store.learnings().learnings}
    for session_id, each in kept.items():
        record, context = each.record, contexts[session_id]
        period = by_conversation[record.conversation_id]
        assert record.conversation_id == known.conversation_at(began[session_id])
        assert (record.injected, record.withheld) == (period.injected, period.withheld)
        assert {id_ for id_, text in texts.items() if text in reader.read[session_id]} == set(record.injected)
        assert context["took_part"] is True
        assert set(context["withheld_learnings"]) == set(record.withheld)  # type: ignore[call-overload]
        assert set(context["active_learnings"]) == set(record.injected)  # type: ignore[call-overload]
        is_repeat = session_id.endswith("-40")
        chances = context["withhold_probabilities"]
        assert record.is_repeat is is_repeat, "one draw is one observation"
        assert set(chances.values()) == ({0.0} if is_repeat else {RATE})  # type: ignore[attr-defined]
        answers = store.assign(session_id, list(texts)).assignments
        assert {one.learning_id for one in answers if one.decision == "withhold"} == set(record.withheld)
    assert len({each.record.withheld for each in kept.values()}) > HOURS // 4
    agreement = hook_agreement(data)
    assert agreement is not None
    assert (agreement.agree, agreement.not_shown, agreement.disagreements) == (HOURS, HOURS, 0)

    imported(reader, settings)
    with open_records(data) as records:
        assert len(records.all()) == len(began), "nothing twice"
    assert f"{HOURS} show what was recorded, {HOURS} show no rules" in run("hook", "status")
    run("restore", "AGENTS.md", "--yes")
    assert (reader.project / "AGENTS.md").read_text() == RULES
    assert not HookFolder(data).off_for("codex").exists()

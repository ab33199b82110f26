"""An assistant without hooks takes part by a switchback: rules file, sessions, import, the store's log and the arms, and back."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from assistant_standin.reader import Reader
from assistant_standin.team import HARMFUL, RULES

from assessor.managed.switchback import switch
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_switchback import SOURCE, read_switchback
from worker.operations.connections import open_store
from worker.settings import load_settings
from worker.store.hooks.agreement import hook_agreement
from worker.store.hooks.records import RecordState, open_records
from worker.system.clock import HOUR, MINUTE, SECOND, now_micros

pytestmark = pytest.mark.timeout(900)
HOURS, RATE, PATIENCE = 16, "0.5", 400


@pytest.fixture
def reader(groove: Groove) -> Reader:
    home = groove.folder / "home"
    home.mkdir()
    (groove.folder / "AGENTS.md").write_text(RULES)
    subprocess.run(["git", "init", "-q"], cwd=groove.folder, check=True)
    return Reader(home=home, project=groove.folder)


def run(groove: Groove, *words: str) -> str:
    return groove(*words, HOME=str(groove.folder / "home"), GROOVE_ABLATION__RATE=RATE)


def imported(groove: Groove) -> None:
    """On a busy machine a stack with the model takes its time."""
    process = groove.start("import", HOME=str(groove.folder / "home"), GROOVE_ABLATION__RATE=RATE)
    assert process.wait(PATIENCE) == 0


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


def test_from_the_rules_file_to_the_arms_and_back(groove: Groove, reader: Reader) -> None:
    """Without a server while the sessions run; the import gives the store each session's decisions, by its period."""
    data = groove.folder / ".groove"
    run(groove, "adopt", "AGENTS.md", "--unit", "bullet", "--yes")
    run(groove, "hook", "switch", "AGENTS.md", "--yes")
    first = now_micros() // HOUR * HOUR - (HOURS + 2) * HOUR
    began = work(reader, data, first)
    imported(groove)

    known = read_switchback(HookFolder(data).switchback)
    assert known is not None
    by_conversation = {period.conversation_id: period for period in known.periods}
    with open_records(data) as records:
        kept = {each.record.session_id: each for each in records.all()}
    assert set(kept) == set(began)
    assert {each.state for each in kept.values()} == {RecordState.STORED}
    assert {each.record.source for each in kept.values()} == {SOURCE}
    for session_id, each in kept.items():
        record = each.record
        period = by_conversation[record.conversation_id]
        assert record.conversation_id == known.conversation_at(began[session_id])
        assert (record.injected, record.withheld, record.policy_version) == (
            period.injected,
            period.withheld,
            period.policy_version,
        )
        assert record.is_repeat is session_id.endswith("-40"), "one draw is one observation"
    agreement = hook_agreement(data)
    assert agreement is not None
    assert (agreement.agree, agreement.not_shown, agreement.disagreements) == (HOURS, HOURS, 0)
    ids = {
        row["learning"]["insight"]: row["learning"]["learning_id"]
        for row in groove.json("learnings", "list")["learnings"]
    }
    harmful = ids[HARMFUL]
    without = {session_id for session_id, each in kept.items() if harmful in each.record.withheld}
    assert {session_id for session_id, text in reader.read.items() if HARMFUL not in text} == without
    value = groove.json("show", harmful)["value"]
    assert value["sessions_with"] + value["sessions_without"] == HOURS
    assert value["sessions_without"] == len(without) // 2
    with open_store(load_settings({"GROOVE_DATA_DIR": str(data)})) as store:
        for session_id, each in kept.items():
            made = {one.learning_id: one for one in store.records(session_id)}
            assert {id_ for id_, one in made.items() if one.was_withheld} == set(each.record.withheld)
            assert {one.withhold_probability for one in made.values()} == (
                {0.0} if each.record.is_repeat else {float(RATE)}
            )
            answers = store.assign(session_id, list(ids.values())).assignments
            assert {one.learning_id for one in answers if one.decision == "withhold"} == set(each.record.withheld)

    imported(groove)
    with open_records(data) as records:
        assert len(records.all()) == len(began), "nothing twice"
    run(groove, "restore", "AGENTS.md", "--yes")
    assert (groove.folder / "AGENTS.md").read_text() == RULES
    assert not HookFolder(data).off_for("codex").exists()

"""A switchback without any server: whole periods have or lack a learning, edits of people stay, and what was in the files when is known."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from assistant_standin.hook_files import HookedProject, hooked_project
from click.testing import CliRunner, Result
from fixtures.waiting import wait_until
from unit.assessor.told_sessions import says, session

from assessor.managed.adopting import restoration
from assessor.managed.periods import records_of
from assessor.managed.switchback import switch
from worker.cli import groove
from worker.cli.hook_switch import switching
from worker.formats.hook_spool import SpoolRecord
from worker.formats.hook_switchback import Every, Switchback, read_switchback
from worker.formats.hook_trace import traces_in
from worker.formats.learnings_file import POINTER
from worker.formats.switchback_block import BlockState, block_in
from worker.formats.transcripts.session import Harness
from worker.layers.ablation.assignment import is_withheld
from worker.settings import load_settings
from worker.system.clock import HOUR, MINUTE, SECOND

LEARNINGS = [(f"rule-{number}", f"- In this repository rule {number} holds", 0.5) for number in range(12)]
RULES = f"# Work\n\n- Mine\n\n{POINTER}\n\nThe end.\n"
#: microseconds, the beginning of an hour
NOON = 497_000 * HOUR


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HookedProject:
    project = hooked_project(tmp_path)
    project.snapshot(LEARNINGS)
    project.write_managed(LEARNINGS)
    (project.root / "AGENTS.md").write_text(RULES)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("HOME", str(project.home))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROOVE_DATA_DIR", str(project.root / ".groove"))
    return project


def run(*words: str, status: int = 0, told: str | None = None) -> Result:
    done = CliRunner().invoke(groove, ["hook", "switch", *words], input=told)
    assert done.exit_code == status, done.output
    return done


def rules(project: HookedProject) -> str:
    return (project.root / "AGENTS.md").read_text()


def given(project: HookedProject) -> set[str]:
    return {id_ for id_, text, _ in LEARNINGS if text in rules(project)}


def known(project: HookedProject) -> Switchback:
    found = read_switchback(project.folder.switchback)
    assert found is not None
    return found


def at(moment: int) -> Callable[[], int]:
    return lambda: moment


def told(session_id: str, started_at: int, harness: Harness = Harness.CODEX) -> Any:
    return session(says("hello"), session_id=session_id, started_at=started_at, harness=harness)


def test_each_period_has_its_own_draw(project: HookedProject) -> None:
    """The one that the store computes for the period's name; the file stays as it is in between, and is written as a whole."""
    run("AGENTS.md", "--yes")
    seen = []
    for hour in range(24):
        moments = [NOON + hour * HOUR + part * MINUTE for part in (0, 20, 59)]
        done = [switch(project.folder.data_dir, clock=at(moment))[0] for moment in moments]
        assert [each.is_written for each in done] == [True, False, False]
        period = known(project).periods[-1]
        assert (period.written_at, period.seen_at) == (moments[0], moments[-1])
        expected = {
            id_
            for id_, _, chance in LEARNINGS
            if not is_withheld(
                salt="groove-ablation-1", learning_id=id_, session_id=period.conversation_id, probability=chance
            )
        }
        assert given(project) == set(period.injected) == expected
        (trace,) = traces_in([rules(project)])
        assert trace.conversation_id == period.conversation_id
        assert len(trace.injected) + len(trace.withheld) == len(LEARNINGS)
        seen.append(frozenset(expected))
    assert len(set(seen)) > 20
    assert POINTER not in rules(project), "nobody is sent to the file that holds them all"
    run("AGENTS.md", "--end", "--yes")
    assert rules(project) == RULES
    assert known(project).files == {}


def test_it_is_shown_first_and_no_hook_gives_the_same(project: HookedProject) -> None:
    """Asked; a second time there is nothing to do; Codex's own hook rests meanwhile, Claude Code's does not."""
    assert "+<!-- groove:switchback begins" in run("AGENTS.md", told="n\n", status=1).stdout
    assert rules(project) == RULES
    assert "the hook of codex rests" in run("AGENTS.md", told="y\n").stdout
    assert [project.folder.off_for(name).exists() for name in ("codex", "claude-code")] == [True, False]
    before = rules(project)
    found = json.loads(run("--json").stdout)
    assert found["files"] == [{"file": "AGENTS.md", "is_current": True, "is_written": False, "reason": ""}]
    assert set(found["period"]["injected"]) == given(project)
    assert rules(project) == before
    run("AGENTS.md", "--end", "--yes")
    assert not project.folder.off_for("codex").exists()
    assert "begins one" in str(run(status=1).exception)


def test_a_running_stack_writes_the_period_that_has_begun(
    project: HookedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside `groove up` nobody has to say so; a file that is in the way is told of once and holds nothing up."""
    monkeypatch.setattr("worker.cli.hook_switch._INTERVAL_S", 0.01)
    run("AGENTS.md", "--yes")
    switch(project.folder.data_dir, clock=at(NOON))
    old = known(project).periods[-1].conversation_id
    with structlog.testing.capture_logs() as lines, switching(load_settings()):
        wait_until(lambda: known(project).periods[-1].conversation_id != old, "the period of now is written")
        wait_until(lambda: given(project) == set(known(project).periods[-1].injected), "the file holds it")
        (project.root / "AGENTS.md").unlink()
        (project.root / "AGENTS.md").mkdir()
        wait_until(lambda: "switchback.left" in [line["event"] for line in lines], "the file in the way is told")
    assert [line["event"] for line in lines].count("switchback.left") == 1


def test_edits_of_a_person_are_respected(project: HookedProject) -> None:
    """Around the block they stay; within it nothing is written any more, and no session counts from the last look on."""
    run("AGENTS.md", "--yes")
    switch(project.folder.data_dir, clock=at(NOON))
    path = project.root / "AGENTS.md"
    path.write_text(rules(project).replace("- Mine", "- Mine, and more"))
    switch(project.folder.data_dir, clock=at(NOON + HOUR))
    assert "- Mine, and more" in rules(project)
    edited = rules(project).replace("<!-- groove:switchback ends", "- One more\n<!-- groove:switchback ends")
    path.write_text(edited)
    (done,) = switch(project.folder.data_dir, clock=at(NOON + 2 * HOUR))
    assert "between the marks" in done.reason
    assert rules(project) == edited
    assert known(project).periods[-1].seen_at == NOON + HOUR
    assert "between the marks" in run(status=1).stderr
    assert [record.session_id for record in records(project, NOON, NOON + HOUR, NOON + HOUR + MINUTE)] == ["s0", "s1"]
    assert "-- One more" in run("AGENTS.md", "--yes").stdout, "asked by name it is shown, and written anew"
    path.write_text("# All gone\n")
    assert "the block is gone" in switch(project.folder.data_dir, clock=at(NOON + 3 * HOUR))[0].reason
    path.write_text(RULES)
    assert switch(project.folder.data_dir, clock=at(NOON + 4 * HOUR))[0].is_written, "git put the line back"


def records(project: HookedProject, *moments: int, harness: Harness = Harness.CODEX) -> list[SpoolRecord]:
    return list(records_of(known(project), [told(f"s{n}", moment, harness) for n, moment in enumerate(moments)]))


def test_sessions_are_of_the_period_they_began_in(project: HookedProject) -> None:
    """Of assistants that read the file alone. One stands in the arms; just before a writing nobody can tell."""
    run("AGENTS.md", "--yes")
    for moment in (NOON, NOON + HOUR, NOON + HOUR + 10 * MINUTE):
        switch(project.folder.data_dir, clock=at(moment))
    first, second = known(project).periods[-2:]
    found = records(
        project, NOON - SECOND, NOON + MINUTE, NOON + 2 * MINUTE, NOON + HOUR - SECOND, NOON + HOUR, NOON + 2 * HOUR
    )
    assert [(each.session_id, each.conversation_id, each.is_repeat) for each in found] == [
        ("s1", first.conversation_id, False),
        ("s2", first.conversation_id, True),
        ("s4", second.conversation_id, False),
    ]
    assert (found[0].injected, found[0].withheld, found[0].probabilities) == (
        first.injected,
        first.withheld,
        first.probabilities,
    )
    assert records(project, NOON + MINUTE, harness=Harness.CLAUDE_CODE) == []
    assert len(records(project, NOON + MINUTE, harness=Harness.SPECSTORY)) == 1


def test_a_period_keeps_its_draw(project: HookedProject) -> None:
    """Another chance counts from the next period on; what is disabled goes at once, and what is reworded stands in no arm."""
    run("AGENTS.md", "--yes")
    switch(project.folder.data_dir, clock=at(NOON))
    before, drawn = given(project), known(project).periods[-1]
    project.snapshot([(id_, text, 0.0) for id_, text, _ in LEARNINGS], version="2-bb")
    switch(project.folder.data_dir, clock=at(NOON + MINUTE))
    assert (given(project), known(project).periods[-1].policy_version) == (before, "1-aa")
    gone, reworded = drawn.injected[:2]
    project.snapshot(LEARNINGS, version="3-cc", disabled=(gone,))
    file = project.managed
    file.write_text(file.read_text().replace({id_: text for id_, text, _ in LEARNINGS}[reworded], "- Other words"))
    switch(project.folder.data_dir, clock=at(NOON + 2 * MINUTE))
    assert given(project) == before - {gone, reworded}
    assert "- Other words" in rules(project)
    assert set(known(project).periods[-1].injected) == before - {gone, reworded}
    project.snapshot([(id_, text, 0.0) for id_, text, _ in LEARNINGS], version="4-dd")
    switch(project.folder.data_dir, clock=at(NOON + HOUR))
    assert given(project) == {id_ for id_, _, _ in LEARNINGS} - {reworded}
    assert not known(project).periods[-1].withheld


@pytest.mark.parametrize("age", [None, 8 * 24 * 3600])
def test_without_a_snapshot_all_are_given(project: HookedProject, age: int | None) -> None:
    """None, or one that is too old: the file holds all learnings, and no session takes part."""
    project.snapshot(LEARNINGS, age_seconds=age or 0)
    if age is None:
        project.folder.snapshot.unlink()
    assert "nothing is drawn" in run("AGENTS.md", "--yes").stdout
    assert given(project) == {id_ for id_, _, _ in LEARNINGS}
    assert records(project, known(project).periods[-1].written_at) == []
    project.snapshot(LEARNINGS)
    run()
    assert known(project).periods[-1].takes_part, "drawn as soon as there is one"


def test_a_file_of_its_own_gets_the_line_first(project: HookedProject) -> None:
    """From a rules file of which nothing was adopted, with other line ends too; restore takes it out to the byte."""
    before = "---\r\nalwaysApply: true\r\n---\r\n- Use tabs"
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    path = project.root / ".cursor" / "rules" / "all.mdc"
    path.parent.mkdir(parents=True)
    path.write_bytes(before.encode())
    run(".cursor/rules/all.mdc", "--yes", "--every", "day")
    written = path.read_bytes().decode()
    assert block_in(written).state is BlockState.WHOLE
    assert "\n" not in written.replace("\r\n", "")
    assert known(project).every is Every.DAY
    project.managed.unlink()
    (project.root / "AGENTS.md").write_text("# Work\n")
    assert restoration(project.root, path).after == before.encode()


@pytest.mark.parametrize(("every", "names"), [(Every.HOUR, 48), (Every.HALF_DAY, 4), (Every.DAY, 2), (Every.WEEK, 1)])
def test_periods_by_the_calendar(monkeypatch: pytest.MonkeyPatch, every: Every, names: int) -> None:
    """Of two days; another project draws for others."""
    monkeypatch.setenv("TZ", "UTC")
    midnight = 497_160 * HOUR
    switchback = Switchback(root="/p", every=every, files={})
    found = {switchback.conversation_at(midnight + hour * HOUR) for hour in range(48)}
    assert len(found) == names
    assert not found & {replace(switchback, root="/q").conversation_at(midnight + hour * HOUR) for hour in range(48)}

"""The hook's own process, called by a stand-in for the assistant through the settings that were installed: what it gives and notes."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from assistant_standin.assistant import Assistant, Session
from assistant_standin.hook_files import HookedProject, hooked_project

from assessor.hooks.assistants import Scope
from worker.formats.hook_snapshot import read_snapshot, write_snapshot
from worker.formats.hook_trace import HookTrace, traces_in
from worker.layers.ablation.assignment import is_withheld
from worker.system.clock import now_micros

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "hook_decisions.json").read_text("utf-8"))
LEARNINGS = [(f"rule-{number:02}", f"- In this repository fact number {number} holds", 0.5) for number in range(12)]


@pytest.fixture
def project(tmp_path: Path) -> HookedProject:
    project = hooked_project(tmp_path)
    project.install()
    project.snapshot(LEARNINGS)
    project.write_managed(LEARNINGS)
    return project


@pytest.fixture
def assistant(project: HookedProject) -> Assistant:
    return Assistant(home=project.home)


def trace_of(context: list[str]) -> HookTrace:
    (trace,) = traces_in(context)
    return trace


def given(context: list[str]) -> list[str]:
    """Ids of the learnings whose text stands in the context."""
    return [id_ for id_, text, _ in LEARNINGS if any(f"{text}\n" in part for part in context)]


def well(assistant: Assistant) -> bool:
    return all(status == 0 and not stderr for _, _, status, stderr, _ in assistant.called)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: ascii(case["conversation"]))
def test_it_decides_as_the_store_does(case: dict[str, Any], tmp_path: Path) -> None:
    """The shared vectors, through the real process: text, trace and spool say the same."""
    project = hooked_project(tmp_path)
    project.install()
    snapshot = replace(read_snapshot(json.dumps(VECTORS["snapshot"]).encode()), written_at=now_micros())
    write_snapshot(project.folder.snapshot, snapshot)
    session = Assistant(home=project.home).start(project.root, session_id=case["conversation"])
    (record,) = project.spool()
    decisions = dict.fromkeys(record.injected, "inject") | dict.fromkeys(record.withheld, "withhold")
    assert decisions | dict.fromkeys(record.excluded, "excluded") == case["decisions"]
    trace = trace_of(session.context)
    marks = {learning.id: learning.mark for learning in snapshot.learnings}
    assert trace.injected == tuple(marks[id_] for id_ in record.injected)
    assert trace.withheld == tuple(marks[id_] for id_ in record.withheld)
    for learning in snapshot.learnings:
        assert (learning.text in session.context[0]) is (learning.id in record.injected)


def test_one_decision_per_conversation(project: HookedProject, assistant: Assistant) -> None:
    """Resumed: nothing new. Compacted: the same, though the policy changed. Forked, and a subagent: the parent's. Cleared: another."""
    session = assistant.start(project.root)
    first = given(session.context)
    assert 0 < len(first) < len(LEARNINGS)
    session.say("hello")
    session.resume()
    assert len(session.context) == 1
    project.snapshot([(id_, text, 0.9) for id_, text, _ in LEARNINGS], version="2-bb")
    session.compact()
    assert given(session.context) == first
    assert trace_of(session.context).policy_version == "1-aa"
    session.resume()
    assert len(session.context) == 1
    session.subagent()
    assert given(session.subagent_context) == first
    fork = session.fork()
    assert (given(fork.context), len(fork.context)) == (first, 1)
    late = session.fork(copied=False)
    assert (given(late.context), len(late.context)) == (first, 1)
    fork.compact()
    assert given(fork.context) == first
    again = fork.fork()
    records = project.spool()
    assert {record.conversation_id for record in records} == {session.session_id}
    assert {record.injected for record in records} == {tuple(first)}
    assert {record.session_id for record in records} == {each.session_id for each in (session, fork, late, again)}
    cleared = assistant.start(project.root, source="clear")
    assert trace_of(cleared.context).conversation_id == cleared.session_id
    assert trace_of(cleared.context).policy_version == "2-bb"
    assert well(assistant)


def test_a_compacted_context_without_our_text_gets_it_when_resumed(
    project: HookedProject, assistant: Assistant
) -> None:
    """Some versions of the assistant drop what a hook gives on compaction."""
    session = assistant.start(project.root)
    first = given(session.context)
    session.context = []
    session._line("system", subtype="compact_boundary", content="Conversation compacted")
    session.write()
    session.resume()
    assert given(session.context) == first


def test_what_is_drawn_is_what_the_layers_draw(project: HookedProject, assistant: Assistant) -> None:
    """In a hundred sessions, with a section whose learnings go together."""
    learnings = [("a", "- one", 0.3), ("s/b", "- two", 0.5), ("s/c", "- three", 0.5), ("d", "- four", 0.1)]
    snapshot = project.snapshot(learnings, disabled=("d",))
    project.write_managed(learnings)
    together = set()
    for number in range(25):
        session = assistant.start(project.root, session_id=f"session-{number}")
        for learning in snapshot.learnings[:3]:
            drawn = {"salt": snapshot.salt, "learning_id": learning.unit, "session_id": session.session_id}
            is_out = is_withheld(**drawn, probability=learning.withhold_probability)
            assert (learning.text in session.context[0]) is not is_out
            if learning.unit == "s":
                assert ("## About s" in session.context[0]) is not is_out
                together.add(is_out)
        assert "- four" not in session.context[0]
    assert together == {True, False}
    assert {record.excluded for record in project.spool()} == {("d",)}


def test_the_end_of_a_session_is_only_noted(project: HookedProject, assistant: Assistant) -> None:
    """Nothing is printed, and the line names the conversation."""
    session = assistant.start(project.root)
    fork = session.fork()
    fork.end()
    end = project.spool()[-1]
    assert (str(end.event), end.session_id, end.conversation_id) == ("SessionEnd", fork.session_id, session.session_id)
    assert assistant.called[-1] == ("SessionEnd", "prompt_input_exit", 0, "", "")


@pytest.mark.parametrize("how", ["variable", "file", "no learnings"])
def test_it_is_switched_off(project: HookedProject, assistant: Assistant, how: str) -> None:
    """By a variable, or by a file in one project: nothing is printed or noted; nor where nothing was adopted."""
    if how == "variable":
        assistant.environ = {"GROOVE_OFF": "1"}
    elif how == "file":
        project.folder.off.touch()
    else:
        shutil.rmtree(project.root / ".groove")
    session = assistant.start(project.root)
    session.subagent()
    session.end()
    assert (session.context, session.subagent_context, project.spool()) == ([], [], [])
    assert well(assistant)


def test_the_managed_file_rules(project: HookedProject, assistant: Assistant) -> None:
    """What a person edits or adds there is injected as it stands, and not drawn; what is taken out is not injected."""
    text = project.managed.read_text().replace("fact number 3 holds", "fact number 3 is another now")
    text = text.replace(f"<!-- groove:learning rule-04 -->\n{LEARNINGS[4][1]}\n", "")
    project.managed.write_text(text + "\n<!-- groove:learning mine -->\n- My own\n")
    for number in range(6):
        session = assistant.start(project.root, session_id=f"edited-{number}")
        (context,) = session.context
        assert "fact number 3 is another now" in context
        assert "- My own" in context
        assert LEARNINGS[4][1] not in context
        record = project.spool()[-1]
        assert {"rule-03", "rule-04"}.isdisjoint(record.injected + record.withheld)
        assert record.takes_part


@pytest.mark.parametrize("parts", [5, 2])
def test_long_texts_are_split_or_not_given_at_all(project: HookedProject, assistant: Assistant, parts: int) -> None:
    """No part is longer than the assistant takes, no learning is cut; where too few parts are installed, the file is named instead."""
    learnings = [(f"long-{number:02}", f"- {number} " + "🦀 word " * 180, 0.3) for number in range(24)]
    project.snapshot(learnings)
    project.write_managed(learnings)
    project.install(parts=parts)
    session = assistant.start(project.root)
    if parts == 2:
        (context,) = session.context
        assert ".groove/learnings.md" in context
        assert traces_in(session.context) == []
        assert [(record.takes_part, "longer" in record.reason) for record in project.spool()] == [(False, True)] * 2
        return
    assert 2 < len(session.context) <= parts
    traces = traces_in(session.context)
    shown = [mark for trace in traces for mark in trace.injected]
    assert len(shown) == len(set(shown))
    assert {trace.withheld for trace in traces} == {traces[0].withheld}
    assert sorted(shown + list(traces[0].withheld)) == [id_ for id_, _, _ in learnings]
    for id_, text, _ in learnings:
        assert any(text.strip() in part for part in session.context) is (id_ in shown)


def test_nothing_comes_twice_when_it_is_installed_twice(project: HookedProject, assistant: Assistant) -> None:
    """For the person and for the project: the project's goes first."""
    project.install(Scope.PROJECT)
    session = assistant.start(project.root)
    assert len(session.context) == 1
    assert len(project.spool()) == 1


def test_a_worktree_shares_its_repository_s_snapshot(
    project: HookedProject, assistant: Assistant, tmp_path: Path
) -> None:
    """It has the managed file, which git knows, and not the rest of the folder."""
    (project.root / ".gitignore").write_text(".groove/hook\n")
    names = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (
        ["init", "-q"],
        ["add", "."],
        [*names, "commit", "-qm", "x"],
        ["worktree", "add", str(tmp_path / "tree")],
    ):
        subprocess.run(["git", *words], cwd=project.root, check=True, capture_output=True)
    session = assistant.start(tmp_path / "tree")
    assert trace_of(session.context).conversation_id == session.session_id
    assert len(project.spool()) == 1
    assert not (tmp_path / "tree" / ".groove" / "hook").exists()


def test_a_project_that_moved(project: HookedProject, assistant: Assistant, tmp_path: Path) -> None:
    """All that is needed stands in the project's own folder."""
    moved = HookedProject(root=tmp_path / "moved", home=project.home)
    project.root.rename(moved.root)
    session: Session = assistant.start(moved.root)
    assert trace_of(session.context).conversation_id == session.session_id
    assert len(moved.spool()) == 1

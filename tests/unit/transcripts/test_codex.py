"""Rollouts of Codex: what a person typed, what the assistant called, what came back."""

import json

from unit.transcripts.written import calls, lines, people, said

from worker.domain import BlockKind
from worker.formats.transcripts.opening import open_session
from worker.formats.transcripts.session import Harness, Refusal


def rollout(second: float, kind: str, **payload: object) -> dict[str, object]:
    return {"timestamp": f"2026-07-01T10:00:{second:06.3f}Z", "type": kind, "payload": payload}


def codex_says(second: float, role: str, words: str) -> dict[str, object]:
    kind = "output_text" if role == "assistant" else "input_text"
    return rollout(second, "response_item", type="message", role=role, content=[{"type": kind, "text": words}])


def codex_calls(second: float, call_id: str, command: str) -> dict[str, object]:
    given = json.dumps({"cmd": command})
    return rollout(second, "response_item", type="function_call", name="exec_command", arguments=given, call_id=call_id)


def codex_answers(second: float, call_id: str, output: object) -> dict[str, object]:
    return rollout(second, "response_item", type="function_call_output", call_id=call_id, output=output)


RULES = "# AGENTS.md instructions for /w/demo\n\n<INSTRUCTIONS>\n- Use bun.\n</INSTRUCTIONS>"


def test_a_codex_prompt_counts_once_and_instructions_are_rules() -> None:
    """Everything stands twice in a rollout; AGENTS.md and the environment stand among the prompts."""
    session = open_session(
        lines(
            rollout(0, "session_meta", id="c", cwd="/w/demo", cli_version="0.142.0", git={"branch": "main"}),
            codex_says(0, "developer", "<permissions instructions>"),
            codex_says(0, "user", RULES),
            codex_says(0, "user", "<environment_context>x</environment_context>"),
            rollout(0, "turn_context", turn_id="T1", model="gpt-5.5"),
            codex_says(1, "user", "add a test"),
            rollout(1, "event_msg", type="user_message", message="add a test"),
            rollout(2, "event_msg", type="agent_message", message="I look."),
            codex_says(2, "assistant", "I look."),
            codex_calls(3, "c1", "bun test"),
            codex_calls(3, "c2", "ls"),
            codex_answers(4, "c1", "Chunk ID: 1\nProcess exited with code 1\nOutput:\n1 fail"),
            codex_answers(4, "c2", '{"output":"a.py","metadata":{"exit_code":0}}'),
            rollout(5, "response_item", type="custom_tool_call", name="apply_patch", input="*** Begin", call_id="c3"),
            rollout(
                5, "response_item", type="custom_tool_call_output", output="exec command rejected by user", call_id="c3"
            ),
            rollout(6, "event_msg", type="turn_aborted", reason="interrupted"),
            rollout(7, "event_msg", type="user_message", message="no, in python"),
        )
    )
    assert said(session) == [
        ("person", "add a test"),
        ("assistant", "I look."),
        ("answer", ""),
        ("assistant", ""),
        ("answer", ""),
        ("person", "no, in python"),
    ]
    assert calls(session) == ["cmd=bun test", "cmd=ls", "*** Begin"]
    assert session.exit_codes == {(2, 0): 1, (2, 1): 0}
    assert [block.kind for block in session.transcript.messages[2].blocks] == [
        BlockKind.TOOL_ERROR,
        BlockKind.TOOL_RESULT,
    ]
    assert session.refusals == {(4, 0): Refusal.TOOL_USE}
    assert session.interruptions == (4,)
    assert [(rules.path, rules.text) for rules in session.rules] == [("/w/demo/AGENTS.md", "- Use bun.")]
    assert (session.harness, session.model, session.branch) == (Harness.CODEX, "gpt-5.5", "main")


def test_a_codex_rollout_without_events_has_its_prompts() -> None:
    """Where no event tells a prompt, the model's items do; older versions name no folder for their rules."""
    old = "<user_instructions>\n\n- Use bun.\n\n</user_instructions>"
    session = open_session(
        lines(
            rollout(0, "session_meta", id="c", cwd="/w"),
            codex_says(0, "user", old),
            codex_says(1, "user", "go"),
            codex_says(2, "assistant", "ok"),
        )
    )
    assert people(session) == ["go"]
    assert [(rules.path, rules.text) for rules in session.rules] == [("/w/AGENTS.md", "- Use bun.")]


def test_a_codex_child_keeps_its_own_turns() -> None:
    """What was replayed from the parent, all at once, is the parent's; a turn that was rolled back is nobody's."""
    session = open_session(
        lines(
            rollout(0, "session_meta", id="child", forked_from_id="parent"),
            rollout(0, "session_meta", id="parent"),
            rollout(0.1, "turn_context", turn_id="T1"),
            rollout(0.1, "event_msg", type="user_message", message="add a test"),
            codex_says(0.2, "assistant", "Done."),
            rollout(5, "turn_context", turn_id="T2"),
            rollout(5, "event_msg", type="user_message", message="now docs"),
            codex_says(9, "assistant", "Docs."),
            rollout(10, "event_msg", type="user_message", message="and a poem"),
            codex_says(12, "assistant", "Roses."),
            rollout(13, "event_msg", type="thread_rolled_back", num_turns=1),
        )
    )
    assert said(session) == [("person", "now docs"), ("assistant", "Docs.")]
    assert (session.session_id, session.parent_id) == ("child", "parent")


SKILLS = """\
## Skills
A skill is a set of local instructions to follow that is stored in a `SKILL.md` file. Below is the list.
### Available skills
- bake: Use it for bread. (file: /w/skills/bake/SKILL.md)
### How to use skills
- Trigger rules: you must use a skill that is named.
  1) Open its file.

"""
WHERE_RULES_APPLY = """\
Files called AGENTS.md commonly appear in many places inside a container.

Each AGENTS.md governs the entire directory that contains it.
"""


def rules_of(text: str, head: str = "# AGENTS.md instructions for /w/demo") -> list[tuple[str, str]]:
    item = codex_says(0, "user", f"{head}\n\n<INSTRUCTIONS>\n{text}\n</INSTRUCTIONS>")
    session = open_session(lines(rollout(0, "session_meta", id="c", cwd="/w/demo"), item, codex_says(1, "user", "go")))
    assert said(session) == [("person", "go")]
    return [(rules.path, rules.text) for rules in session.rules]


def test_what_codex_adds_to_the_rules_is_none_of_them() -> None:
    """Sections about skills and the like, and where files called AGENTS.md apply."""
    added = f"- Use bun.\n\n{SKILLS}{WHERE_RULES_APPLY}"
    assert rules_of(added) == [("/w/demo/AGENTS.md", "- Use bun.")]
    assert rules_of(f"{SKILLS}# Shop\n\n- Use bun.") == [("/w/demo/AGENTS.md", "# Shop\n\n- Use bun.")]
    assert rules_of(SKILLS) == []


def test_rules_files_that_codex_joins_are_taken_apart() -> None:
    """A section at the end of one does not go on in the next."""
    joined = f"# Mine\n\n- Use bun.\n\n{WHERE_RULES_APPLY}\n--- project-doc ---\n\n- Use make."
    assert [text for _, text in rules_of(joined)] == ["# Mine\n\n- Use bun.", "- Use make."]


def test_rules_of_several_folders_are_told_apart() -> None:
    """Where a session works in several places, each has its own label."""
    text = "- Use bun.\n\nfor `a` with root /w/a\n\n- Use make.\n\nfor `b` with root /w/b\n\n- Use tox."
    assert rules_of(text, head="# AGENTS.md instructions") == [
        ("/w/demo/AGENTS.md", "- Use bun."),
        ("/w/a/AGENTS.md", "- Use make."),
        ("/w/b/AGENTS.md", "- Use tox."),
    ]

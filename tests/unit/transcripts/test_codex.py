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

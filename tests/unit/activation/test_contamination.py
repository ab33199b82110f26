"""A learning's text in the context, whoever put it there."""

from collections.abc import Callable

import pytest

from worker.domain import Learning
from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.contamination import contaminated_learnings, copied_share

INSIGHT = "Always run the complete linter before committing any change to the code"


@pytest.mark.parametrize(
    ("role", "content"),
    [
        ("system", f"# Rules\n- {INSIGHT}"),
        ("user", INSIGHT.upper()),
        ("assistant", f"The rules say: **{INSIGHT}**."),
        ("assistant", f"[tool:Read] CLAUDE.md\n[tool_result] 1: - {INSIGHT}\n2: - more"),
        ("user", "always run the complete linter before committing any change to this code"),
    ],
)
def test_text_or_near_copy_anywhere_contaminates(learning: Callable[..., Learning], role: str, content: str) -> None:
    """Prompts, rules files that were read, replies: all stand in the context."""
    transcript = parse_transcript([{"role": "user", "content": "hi"}, {"role": role, "content": content}])
    assert contaminated_learnings([learning(INSIGHT)], transcript) == {"l1"}


def test_acting_on_it_does_not_contaminate(learning: Callable[..., Learning]) -> None:
    """Doing the same thing in other words is no copy; nor are its words scattered over messages."""
    messages = [{"role": "assistant", "content": "Let me run the linter before committing.\n[tool:Bash] make lint"}]
    messages += [
        {"role": "user", "content": part} for part in ("Always run the complete", "linter before committing any")
    ]
    assert contaminated_learnings([learning(INSIGHT)], parse_transcript(messages)) == frozenset()


def test_an_empty_learning_contaminates_nothing(learning: Callable[..., Learning]) -> None:
    """No words, no copy."""
    assert contaminated_learnings([learning("…")], parse_transcript([{"role": "user", "content": "…"}])) == frozenset()


def test_copied_share() -> None:
    """Of the original's word triples; too few words are no copy."""
    assert copied_share(INSIGHT, f"- {INSIGHT}") == 1.0
    assert copied_share(INSIGHT, "make lint") == 0.0
    assert copied_share("run make lint", "run make lint") == 0.0

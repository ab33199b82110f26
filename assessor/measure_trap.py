"""The measure trap: a learning that asks for what is counted gets a value for that alone; such parts are left out for it.

"Run the tests before you finish" raises red checks, "never commit" removes acceptance, "ask before acting" raises corrections.
Failures of a command that a learning asks for stay: they are its real harm. So do lines that survive: few rules can move them.
"""

import re

_TRAPS = (
    (
        ("build_status",),
        r"\b(?:tests?|test suites?|testing|lint\w*|type-?\s?check\w*|builds?|compil\w+|ci|pytest|vitest|jest|mypy|ruff|eslint|tsc)\b",
        "its text asks for tests, builds or checks: how often one runs, and fails, is its own doing",
    ),
    (
        ("accepted",),
        r"\b(?:commit\w*|push(?:ing|ed)?|pull requests?|prs?|merg\w+)\b",
        "its text is about commits or pull requests: whether there is one is its own doing",
    ),
    (
        ("correction", "rejection", "interruption", "negative"),
        r"\b(?:ask(?:s|ed|ing)?|confirm\w*|approv\w+|permission\w*|wait for|check with|clarif\w+|consult|propose|plan (?:first|before))\b",
        "its text has the assistant ask first: an answer that says no is what it wants",
    ),
    (
        ("revert",),
        r"\b(?:revert\w*|undo\w*|roll(?:ing)? ?back|git (?:restore|reset|checkout|stash))\b",
        "its text is about undoing: changes undone are its own doing",
    ),
    (
        ("retry",),
        r"\b(?:retr(?:y|ies)|try again|again until|re-?run\w*|repeat\w*|until (?:it|they|all))\b",
        "its text asks to try again",
    ),
    (
        ("positive",),
        r"\b(?:thank\w*|feedback|rating|satisf\w+)\b",
        "its text asks for what people say",
    ),
)
_COMPILED = tuple((kinds, re.compile(pattern, re.IGNORECASE), reason) for kinds, pattern, reason in _TRAPS)


def moved_by(text: str) -> dict[str, str]:
    """Kind of signal, or of part of the outcome, that a learning of that text can move by itself -> why."""
    return {kind: reason for kinds, pattern, reason in _COMPILED if pattern.search(text) for kind in kinds}

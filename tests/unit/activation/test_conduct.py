"""Conduct is told by the order and kinds of calls, and asked for by a learning's clauses."""

import pytest

from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.chunks import chunk_transcript
from worker.layers.activation.conduct_asked import Conduct, conduct_asked
from worker.layers.activation.conduct_shown import conduct_shown
from worker.layers.activation.evidence import SessionChunks


@pytest.mark.parametrize(
    ("insight", "kinds"),
    [
        ("Always run the tests before you commit", {Conduct.TESTS}),
        ("Run the linter after each change", {Conduct.CHECKS}),
        ("Ask the user before adding dependencies", {Conduct.ASKS}),
        ("Don't make your own decision, explain the pros and cons", {Conduct.ASKS}),
        ("Never push without running the tests", {Conduct.TESTS}),
        ("Never run the tests", set()),
        ("New features need unit tests", {Conduct.WRITES_TESTS}),
        ("Update the README when behaviour changes", {Conduct.DOCUMENTS}),
        ("Read a file before editing it", {Conduct.EXPLORES}),
        ("Create a feature branch for every change", {Conduct.BRANCHES}),
        ("Store timestamps in UTC", set()),
    ],
)
def test_a_learning_asks_by_its_clauses(insight: str, kinds: set[Conduct]) -> None:
    """A clause that forbids asks for what follows "without" or "before", and for nothing else."""
    assert set(conduct_asked(insight)) == kinds


def shown(*contents: str) -> dict[Conduct, float]:
    transcript = parse_transcript([{"role": "assistant", "content": content} for content in contents])
    return conduct_shown(SessionChunks.of(chunk_transcript(transcript)))


EDIT = "[tool:Edit] src/a.py\n--- old()\n+++ new_code()"
TEST = "[tool:Bash] uv run pytest -q"


def test_order_decides() -> None:
    """Tests after a change count wholly, before it less, told in prose alone still less; without any sign not at all."""
    strengths = [
        shown(*session)[Conduct.TESTS] for session in ((EDIT, TEST), (TEST, EDIT), (EDIT, "All tests pass."), (EDIT,))
    ]
    assert strengths == sorted(strengths, reverse=True)
    assert (strengths[0], strengths[-1]) == (1.0, 0.0)
    assert len(set(strengths)) == 4


def test_what_is_looked_at_before_the_first_change() -> None:
    """Reading and searching count until something is changed; a document is no code."""
    look = "[tool:Read] file_path=src/a.py"
    assert shown(look, look, look, EDIT)[Conduct.EXPLORES] == 1.0
    assert shown(EDIT, look, look, look)[Conduct.EXPLORES] == 0.0
    assert shown("[tool:Write] docs/plan.md\ntext of it", look, look, look, EDIT)[Conduct.EXPLORES] == 1.0


def test_files_tell_tests_from_documents() -> None:
    """By their paths, and a test by its code too."""
    assert shown("[tool:Write] tests/test_a.py\ndef test_it(): pass")[Conduct.WRITES_TESTS] == 1.0
    assert shown("[tool:Edit] README.md\n--- old words\n+++ new words")[Conduct.DOCUMENTS] == 1.0
    assert shown(EDIT)[Conduct.DOCUMENTS] == shown(EDIT)[Conduct.WRITES_TESTS] == 0.0


def test_asking() -> None:
    """A tool that asks, or a message that ends with a question."""
    assert shown('[tool:AskUserQuestion] {"questions": []}')[Conduct.ASKS] == 1.0
    assert 0 < shown("I see two ways. Which one do you prefer?")[Conduct.ASKS] < 1
    assert shown("Why is that? I will look.")[Conduct.ASKS] == 0.0


def test_git_is_unknown_where_nothing_is_run() -> None:
    """Some transcripts hold no calls at all: they say nothing about commits."""
    assert Conduct.COMMITS not in shown("I changed it.")
    assert shown("[tool:Bash] git commit -m 'feat: it'")[Conduct.COMMITS] == 1.0
    assert shown("[tool:Bash] git status")[Conduct.COMMITS] == 0.0

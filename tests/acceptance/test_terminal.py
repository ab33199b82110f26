"""What a person sees on a terminal of some width, and what a program reads from a pipe."""

from pathlib import Path

import pytest
from groove_command import Groove

from worker.ledger import DeadLetterReceived, Topic, open_ledger

REASON = "context.session_id: " + "a long story about what was there instead, " * 4 + "and its decisive end"


@pytest.fixture
def given_up(groove: Groove) -> Groove:
    """A ledger with one dead letter whose reason is long."""
    (groove.folder / ".groove").mkdir()
    ledger = open_ledger(f"sqlite:///{groove.folder / '.groove' / 'ledger.sqlite'}")
    try:
        topic = Topic(stream="groove.assessment", topic="heavy", partitions=1)
        [place] = ledger.partitions.share_out("test", [topic], lease_seconds=30)
        letter = DeadLetterReceived(kind="heavy", payload=b"{}", reason=REASON, offset=0)
        ledger.intake.record(place, dead=[letter], position=1, last_id="x", gap=False, now=5, ablation_rate=0.1)
    finally:
        ledger.dispose()
    return groove


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_reason_goes_on_in_the_next_line(columns: int, given_up: Groove) -> None:
    """As a table, with the reason beneath, or field by field: no line is wider than the terminal, and no word is lost."""
    lines = given_up.on_terminal(columns, "dead-letters", "list")
    assert max(map(len, lines)) <= columns
    assert "its decisive end" in words(lines)
    assert "…" not in words(lines)


def test_a_pipe_gets_whole_lines(given_up: Groove) -> None:
    """One line a row, with the whole reason, and nothing after it."""
    heading, line = given_up("dead-letters", "list").splitlines()
    assert line.endswith(f"  {REASON}")
    assert heading == heading.rstrip()


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_what_is_said_fits_the_terminal(command: str, given_up: Groove) -> None:
    """Long lines go on below their beginning; in a pipe each stays one line."""
    narrow = given_up.on_terminal(60, command)
    assert max(map(len, narrow)) <= 60
    assert any(line.startswith("     ") for line in narrow)


def test_pages_about_one_learning_fit_the_terminal(groove: Groove, tmp_path: Path) -> None:
    """`groove show`, with a text longer than the line."""
    text = "Always " + "and always again " * 12 + "to the end"
    (tmp_path / "one.jsonl").write_text(
        f'{{"learning_id": "a", "category": "tool_usage", "description": "{text}", "insight": "{text}"}}\n'
    )
    groove("learnings", "import", tmp_path / "one.jsonl")
    lines = groove.on_terminal(70, "show", "a")
    assert max(map(len, lines)) <= 70
    assert text in words(lines)
    assert text in groove("show", "a")

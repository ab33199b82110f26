"""What a person sees on a terminal of some width, and what a program reads from a pipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import write_learnings
from fixtures.ledger import at, heavy

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
        at(ledger, 5).intake.record(place, dead=[letter], position=1, last_id="x", gap=False, ablation_rate=0.1)
    finally:
        ledger.dispose()
    return groove


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_reason_goes_on_in_the_next_line(columns: int, given_up: Groove) -> None:
    """No line is wider than the terminal, and no word is lost."""
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


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_of_values_names_what_show_takes(columns: int, groove: Groove, tmp_path: Path) -> None:
    """On a terminal the id is short and means one learning; in a pipe it is whole."""
    ids = [f"rule-for-all-{number}" for number in range(2)] + ["29a661b9-cd21-554e-85a8-6c3705adac07"]
    learnings = [{"learning_id": id_, "category": "tool_usage", "description": id_, "insight": id_} for id_ in ids]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(learning) + "\n" for learning in learnings))
    groove("learnings", "import", tmp_path / "all.jsonl")
    shown = [line.split()[1] for line in groove.on_terminal(columns, "values") if line[:1].isdigit()]
    assert sorted(shown) == ["29a661b9-cd21", *ids[:2]]
    assert "29a661b9-cd21-554e" in groove("show", "29a661b9-cd21")
    assert {line.split()[1] for line in groove("values").splitlines()[1:]} == set(ids)


def test_the_list_of_sessions_fits_and_names_what_show_takes(given_up: Groove) -> None:
    """A short id on a terminal means one session of all that the ledger knows, not only of those listed."""
    ids = [f"session-of-monday-{number}" for number in range(3)]
    ledger = open_ledger(f"sqlite:///{given_up.folder / '.groove' / 'ledger.sqlite'}")
    for number, id_ in enumerate(ids):
        at(ledger, number * 1_000_000).intake.receive(heavy=[heavy(id_)], ablation_rate=0.1)
    ledger.dispose()
    heading, line = given_up.on_terminal(80, "sessions", "list", "--since", "1970-01-01T00:00:02Z")
    assert heading.split() == ["session", "state", "attempt", "received", "done", "failed", "open"]
    assert line.split()[0] == ids[2]
    assert "session-of-monday-2" in given_up("sessions", "show", line.split()[0])
    assert [line["session_id"] for line in given_up.json("sessions", "list", "--state", "received")] == ids[::-1]
    assert "RFC 3339" in given_up("sessions", "list", "--since", "yesterday", status=2)
    assert "RFC 3339" in given_up("outbox", "resend", "--since", "yesterday", status=2)


@pytest.mark.parametrize("arguments", [("config", "show"), ("learnings", "import", "learnings.jsonl")])
def test_a_reader_who_has_gone_is_no_traceback(arguments: tuple[str, ...], given_up: Groove) -> None:
    """As behind `| head`: much or little to say, and nothing is said of it."""
    write_learnings(given_up.folder / "learnings.jsonl")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "worker.cli", *arguments]
    done = subprocess.run(
        command,
        cwd=given_up.folder,
        env={name: value for name, value in given_up.environ().items() if name != "PYTHONUNBUFFERED"},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert "Broken" not in done.stderr


def test_closed_streams_are_no_traceback(given_up: Groove) -> None:
    """Started with `>&-` or `2>&-` a command does its work, and what it cannot say is lost."""
    for closed in (1, 2):
        command = f"exec {sys.executable} -m worker.cli dead-letters list {closed}>&-"
        done = subprocess.run(
            command,
            shell=True,
            cwd=given_up.folder,
            env=given_up.environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert bool(done.stdout) is (closed == 2)

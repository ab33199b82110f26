"""`groove import` as a newcomer runs it: a home folder with sessions and rules, an empty data folder, one command."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from fixtures.waiting import wait_until
from unit.assessor.homes import Home, make_home, told

from worker.settings import load_settings

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", sessions=4)


def run(groove: Groove, home: Home, *options: str) -> Any:
    return groove.json("import", "--project", home.project, *options, HOME=str(home.folder))


def test_from_sessions_on_disk_to_what_each_rule_is_worth(groove: Groove, home: Home) -> None:
    """The rule whose command fails comes first with its call; a second run changes nothing and starts no stack; more sessions add up."""
    first = run(groove, home)
    assert (first["found"], first["read"], first["published"]) == (4, 4, 4)
    worst = first["learnings"][0]
    assert "rtk" in worst["text"]
    assert (worst["in_force"], worst["used"], worst["failing"]) == (4, 3, 3)
    assert worst["quote"].endswith("→ error: unrecognized subcommand 'run'")
    assert [row["in_force"] for row in first["learnings"]] == [4, 4, 4]
    assert [row["text"].split()[0] for row in first["learnings"]] == [
        "Always",
        "Prefer",
        "Never",
    ]  # as their file has them
    second = run(groove, home)
    assert second == first | {"published": 0}
    home.write("s9.jsonl", told(home, "s9"))
    third = run(groove, home)
    assert (third["found"], third["published"], third["learnings"][0]["failing"]) == (5, 1, 4)
    shown = groove("sessions", "show", "s9")
    assert "rules known by" in shown
    assert "git" in shown
    (home.project / "CLAUDE.md").write_text("- Prefer small functions\n")
    run(groove, home)
    decisions = groove.json("learnings", "history", worst["learning_id"])
    assert (decisions[-1]["kind"], decisions[-1]["actor"]) == ("disabled", "import")


def test_the_table_says_that_nothing_was_randomised(groove: Groove, home: Home) -> None:
    """For people: the counts that add up, the failing call, and what the numbers are not."""
    told_ = groove("import", "--project", home.project, HOME=str(home.folder))
    assert told_.startswith("4 session files: 4 read, 0 copies of others, 0 of a tool's own, 0 refused\n")
    assert "3 learnings in 1 rules file; 4 sessions with known rules (4 by git)" in told_
    assert "rtk bun run check → error: unrecognized subcommand 'run'" in told_
    assert "observed, not randomised" in told_


def test_a_dry_run_tells_every_file_and_writes_nothing(groove: Groove, home: Home) -> None:
    """Each file by its path with its reason, counts that add up, and no data folder."""
    home.write("bad.jsonl", b"no json\n")
    shown = groove("import", "--project", home.project, "--dry-run", status=1, HOME=str(home.folder))
    assert "5 session files: 4 read, 0 copies of others, 0 of a tool's own, 1 refused" in shown
    assert "bad.jsonl: not JSON" in shown
    assert not (groove.folder / ".groove").exists()


def test_an_import_that_was_killed_is_finished_by_the_next(groove: Groove, home: Home) -> None:
    """Killed while sessions are on their way: the next run has all of them, each once."""
    for number in range(20):
        home.write(f"m{number}.jsonl", told(home, f"m{number}", turns=4))
    process = groove.start("import", "--project", home.project, HOME=str(home.folder))
    mark = groove.folder / ".groove" / "sessions" / "unfinished"
    while not mark.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    groove.end()
    after = run(groove, home)
    assert after["found"] == after["read"] == 24
    assert after["learnings"][0]["in_force"] == 24
    assert not mark.exists()


def test_a_second_opinion_counts_once_it_agrees_with_labels(groove: Groove, home: Home) -> None:
    """Without labels it is told and nothing is published anew; with them it is a part of each outcome, which `sessions show` tells."""
    labels = groove.folder / "labels.jsonl"
    for number in range(20):
        home.write(f"s{number}.jsonl", told(home, f"s{number}"))
        facet = {"outcome": "fully_achieved" if number % 2 else "not_achieved"}
        home.write(f"s{number}.json", json.dumps(facet).encode(), home.folder / ".claude" / "usage-data" / "facets")
    label = [{"session_id": f"s{number}", "outcome": "success" if number % 2 else "failure"} for number in range(20)]
    labels.write_text("\n".join(map(json.dumps, label)))
    assert "judge" not in run(groove, home)
    unbelieved = run(groove, home, "--assessor", "insights")
    assert (unbelieved["published"], unbelieved["judge"]["weight"], unbelieved["judge"]["agreement"]) == (0, 0, None)
    assert unbelieved["judge"]["sessions"]["s1"] == {"value": 1.0, "says": "fully_achieved"}
    options = ("import", "--project", home.project, "--assessor", "insights", "--labels", labels)
    shown = groove(*options, HOME=str(home.folder))
    assert "beside 20 labels: rank correlation 1.00, mean difference 0.25, AUC of success 1.00" in shown
    assert "used: one part of the outcome, weight 2" in shown
    assert "judge -1.00, weight 2: insights: not_achieved" in groove("sessions", "show", "s0")
    assert groove.json(*options, HOME=str(home.folder))["published"] == 0


def test_a_stack_that_runs_does_the_work(groove: Groove, home: Home) -> None:
    """In the same data folder, then from another one whose settings name its parts: no other is started, and it stays."""
    up = groove.start("up")
    wait_until((groove.folder / ".groove" / "run" / "store.sock").exists, "the stack is up")
    first = run(groove, home)
    assert (first["read"], first["published"], first["learnings"][0]["failing"]) == (4, 4, 3)
    home.write("s9.jsonl", told(home, "s9"))
    there = load_settings({"GROOVE_DATA_DIR": str(groove.folder / ".groove")})
    elsewhere = groove.folder / "elsewhere"
    second = groove.json(
        *("import", "--project", home.project),
        HOME=str(home.folder),
        GROOVE_DATA_DIR=str(elsewhere),
        GROOVE_BROKER=there.broker_url,
        GROOVE_LEDGER=there.ledger_url,
        GROOVE_STORE__URL=there.store_url,
    )
    assert (second["read"], second["learnings"][0]["in_force"], second["learnings"][0]["failing"]) == (5, 5, 4)
    assert not (elsewhere / "lock").exists()
    assert up.poll() is None
    up.terminate()
    assert up.wait(60) == 0

"""The `groove` command as a whole: what every subcommand keeps to, and what texts from outside may not do."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from acceptance.groove_command import Groove

from worker.cli import groove as groove_group

#: parts that run until they are stopped, answers that are JSON or a status anyway
WITHOUT_JSON = {
    "groove web",
    *("groove run", "groove up", "groove bridge", "groove worker", "groove store", "groove flower"),
    *("groove health", "groove tail", "groove config reference", "groove label"),
}


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, f"{path} {name}")


def test_whatever_answers_does_so_in_json_too() -> None:
    """Every subcommand has `--json`, but for those that answer nothing."""
    without = {
        path
        for path, command in leaves(groove_group, "groove")
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == WITHOUT_JSON


def test_every_command_and_option_tells_what_it_is_for() -> None:
    """The help of each subcommand says something, and so does the listing of all."""
    for path, command in leaves(groove_group, "groove"):
        assert command.get_short_help_str(), path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("groove le", {"learnings"}),
        ("groove learnings ena", {"enable"}),
        ("groove values --so", {"--sort"}),
        ("groove values --sort con", {"confidence"}),
    ],
)
def test_the_shell_completes(typed: str, offered: set[str]) -> None:
    """Commands, options and their choices, as the README's line makes bash ask."""
    asked = {"_GROOVE_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    command = [sys.executable, "-m", "worker.cli"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == offered


def test_statuses_tell_what_happened(groove: Groove, tmp_path: Path) -> None:
    """0 all well, 1 an error, 2 a wrong command line; what went wrong is one line."""
    assert "groove-ablation-1" in groove("config", "show")
    for arguments in (["sessions", "show", "nobody"], ["publish", tmp_path / "missing.jsonl"], ["show", "nothing"]):
        assert "Traceback" not in groove(*arguments, status=1)
    wrong = [["values", "--sort", "bogus"], ["values", "--json", "--csv"], ["tasks", "retry"], ["config", "show", "no"]]
    for arguments in (*wrong, ["nonsense"]):
        groove(*arguments, status=2)


def test_texts_from_outside_are_inert(groove: Groove, tmp_path: Path) -> None:
    """No escape reaches the terminal, no markup is obeyed, and no spreadsheet takes a text for a formula."""
    text = "=HYPERLINK(0)\x1b[31m[bold]<script>\u202e"
    learning = {"learning_id": "=1+1", "category": "tool_usage", "description": text, "insight": text}
    (tmp_path / "learnings.jsonl").write_text(json.dumps(learning) + "\n")
    told = json.loads(groove("learnings", "import", tmp_path / "learnings.jsonl", "--json"))
    assert (told["new"], told["refused"]) == (["=1+1"], 0)
    table = groove("values") + groove("learnings", "list") + groove("show", "=1")
    assert "\x1b" not in table
    assert "\u202e" not in table
    assert "[31m[bold]<script>" in table
    [row] = csv.DictReader(io.StringIO(groove("values", "--csv")))
    assert (row["learning_id"], row["text"]) == ("'=1+1", "'=HYPERLINK(0) [31m[bold]<script> ")
    assert groove.json("values")[0]["learning_id"] == "=1+1"


def test_ids_may_be_short_wherever_they_are_taken(groove: Groove, tmp_path: Path) -> None:
    """One or several; numbers in the answer are numbers, and what several begin with, or none, is said."""
    ids = ["89ba59b8-cf3d-4c50", "89ba59b8-dddd-4c50", "use-rg"]
    learnings = [{"learning_id": id_, "category": "tool_usage", "description": id_, "insight": id_} for id_ in ids]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(learning) + "\n" for learning in learnings))
    groove("learnings", "import", tmp_path / "all.jsonl")
    told = groove.json("withhold", "--session", "s", "--learnings", "89ba59b8-c,use")
    assert [answer["learning_id"] for answer in told["assignments"]] == [ids[0], "use-rg"]
    assert told["assignments"][0]["withhold_probability"] == 0.25
    assert "several learnings begin like this" in groove(
        "withhold", "--session", "s", "--learnings", "89,use", status=1
    )
    assert groove.json("learnings", "disable", "use")["learning_id"] == "use-rg"
    assert [line["kind"] for line in groove.json("learnings", "history", "use")] == ["imported", "disabled"]
    assert groove.json("show", "use")["value"]["status"] == "Disabled"
    assert "no such learning" in groove("show", "nobody", status=1)


def test_the_runbook_knows_what_the_doctor_says(groove: Groove, broker_url: str) -> None:
    """Every finding has its line in the operators' guide, under the doctor's own words; and no line is about nothing.

    Where the embedded stack does not run, that is a note and no alarm.
    """
    found = json.loads(groove("doctor", "--json", status=1, GROOVE_BROKER=broker_url))
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "troubleshoot.md").read_text()
    runbook = guide[guide.index("| `BAD` |") : guide.index("And what else you may see")]
    named = {line.split("*")[1] for line in runbook.splitlines() if line.startswith("| *")}
    at_rest = json.loads(groove("doctor", "--json"))
    said = {line["what"] for line in (*found, *at_rest)}
    assert named - {"learnings with too few eligible sessions for an experiment"} == said


def test_too_long_messages_are_not_published(groove: Groove, broker_url: str, tmp_path: Path) -> None:
    """Of either kind: the bridge would only keep them as dead letters."""
    file = tmp_path / "long.jsonl"
    file.write_text(json.dumps({"session_id": "s", "note": "x" * 2000}) + "\n")
    limits = {"GROOVE_BROKER": broker_url, "GROOVE_BRIDGE__MAX_MESSAGE_BYTES": "1024"}
    for kind in ([], ["--lightweight"]):
        assert "more than bridge.max_message_bytes" in groove("publish", file, *kind, status=1, **limits)

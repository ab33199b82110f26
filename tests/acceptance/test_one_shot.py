"""`groove run` as a newcomer uses it: real broker, real store, real model, real files, and what goes wrong with them."""

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.waiting import wait_until

from worker.ledger import open_ledger

pytestmark = pytest.mark.timeout(240)


def run(groove: Groove, events: list[dict[str, Any]], name: str = "events.jsonl", **options: Any) -> str:
    file = write_events(groove.folder / name, events)
    learnings = write_learnings(groove.folder / "learnings.jsonl")
    return groove("run", file, "--learnings", learnings, **options)


def test_values_depend_only_on_the_set_of_sessions(tmp_path: Path) -> None:
    """Shuffled, repeated and preceded by older accounts of the same sessions, the input gives the same values bit for bit."""
    plain, mixed = Groove(folder=tmp_path / "plain"), Groove(folder=tmp_path / "mixed")
    plain.folder.mkdir()
    mixed.folder.mkdir()
    events = sessions(12)
    run(plain, events)

    chance = random.Random(7)
    older = [
        event
        | {
            "event_id": f"older-{i}",
            "timestamp": "2025-01-01T00:00:00Z",
            "outcome": "abandoned",
            "active_learnings": ["fmt"],
        }
        for i, event in enumerate(events[:6])
    ]
    shuffled = [*events, *older[:3], *chance.sample(events, 5)]
    chance.shuffle(shuffled)
    run(mixed, older, name="older.jsonl")
    said = run(mixed, shuffled)

    assert "new events" in said
    values = plain.json("values")
    assert values == mixed.json("values")
    assert any(value["estimated_value"] for value in values), "nothing was learnt from these sessions"
    assert not plain.processes() + mixed.processes()


def test_what_other_settings_would_make_of_it(groove: Groove) -> None:
    """Under the same settings nothing, whether the sessions are read again or not; others change values, and nothing is written."""
    run(groove, sessions(4))
    before = groove.json("values")
    assert "nothing would change" in groove("shadow")
    assert "nothing would change" in groove("shadow", "--reembed")
    read_again = groove.json("shadow", "--reembed", "--set", "activation.calibration=raw")
    assert any(pair["now"]["activation_rate"] != pair["then"]["activation_rate"] for pair in read_again)
    assert "--reembed" in groove("shadow", "--set", "activation.calibration=raw", status=1)
    assert "temporal.decay" in groove("shadow", "--set", "temporal.decay=1", status=1)
    assert groove.json("values") == before


def test_a_second_run_says_that_nothing_is_new(groove: Groove) -> None:
    """What was processed is not processed again, and the table is the same to the last digit."""
    first = run(groove, sessions(3))
    second = run(groove, sessions(3))
    assert "3 new events; 3 sessions finished" in first
    assert "nothing new; 3 sessions finished" in second
    table = [text.partition("verdict")[2] for text in (first, second)]
    assert table[0] == table[1] != ""


def test_a_newer_account_replaces_the_older_one(groove: Groove) -> None:
    """Records of learnings that the newer event no longer names are gone, and an older event arriving late changes nothing."""
    (event,) = sessions(1)
    newer = event | {"event_id": "newer", "timestamp": "2026-02-01T00:00:00Z", "active_learnings": ["rg"]}
    run(groove, [event])
    run(groove, [newer], name="newer.jsonl")
    counts = {value["learning_id"]: value["session_count"] for value in groove.json("values")}
    assert counts == {"fmt": 0, "rg": 1, "types": 0, "tests": 0}
    late = event | {"event_id": "late", "timestamp": "2026-01-15T00:00:00Z"}
    run(groove, [late], name="late.jsonl")
    assert {value["learning_id"]: value["session_count"] for value in groove.json("values")} == counts


def test_an_unknown_learning_fails_alone_and_is_cured_by_importing_it(groove: Groove) -> None:
    """The others are attributed, the session finishes; importing the learning and a retry complete it."""
    file = write_events(groove.folder / "events.jsonl", sessions(2))
    known = write_learnings(groove.folder / "known.jsonl", ("fmt", "rg", "types"))
    said = groove("run", file, "--learnings", known, status=1)
    assert "2 sessions finished" in said
    failed = groove.json("tasks", "failed")
    assert [(entry["learning_id"], entry["reason"]) for entry in failed] == [
        ("tests", "unknown learning: import it, then retry")
    ] * 2

    groove("learnings", "import", write_learnings(groove.folder / "all.jsonl"))
    assert "2 sessions opened again" in groove("tasks", "retry", "--all")
    groove("run", file)
    assert groove.json("tasks", "failed") == []
    assert {value["session_count"] for value in groove.json("values")} == {2}


def test_bad_lines_are_refused_with_their_place_and_the_rest_goes_on(groove: Groove) -> None:
    """Not JSON, no event, NaN: refused with file, line and reason; unusual but valid events work; the status says so."""
    good, empty, many, strange, none = sessions(5)
    empty["active_learnings"] = []
    many["active_learnings"] += [f"unknown-{i}" for i in range(30)]
    strange["session_id"] = 'שלום 😀 "q" \\ {b} $x'
    strange["transcript"]["messages"].append(
        {"role": "assistant", "content": 'ran `make fmt` 😀 {"a": "\\u0000"} \\ שלום'}
    )
    none["transcript"]["messages"] = []
    lines = [json.dumps(event, ensure_ascii=False) for event in (good, empty, many, strange, none)]
    lines[1:1] = ["{broken", '{"session_id": "x", "outcome": NaN}', '{"hello": 1}', ""]
    file = groove.folder / "mixed.jsonl"
    file.write_text("\n".join(lines) + "\n")
    learnings = write_learnings(groove.folder / "learnings.jsonl")
    said = groove("run", file, "--learnings", learnings, status=1)
    assert f"refused {file}:2: not JSON" in said
    assert f"refused {file}:3: not JSON: NaN is not a number" in said
    assert f"refused {file}:4: session_id" in said
    assert "5 new events; 5 sessions finished" in said
    assert len(groove.json("tasks", "failed")) == 30
    assert {value["session_count"] for value in groove.json("values")} == {4}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_is_finished_by_the_next(how: signal.Signals, groove: Groove) -> None:
    """Killed or interrupted in the middle, then run again: the same values as undisturbed, and nothing left running in between."""
    events = sessions(40)
    file = write_events(groove.folder / "events.jsonl", events)
    learnings = write_learnings(groove.folder / "learnings.jsonl")
    command = groove.start("run", file, "--learnings", learnings)
    wait_until(lambda: _finished(groove) >= 3, "some sessions are finished")
    command.send_signal(how)
    command.wait(60)
    wait_until(lambda: not groove.processes(), "its parts have ended")
    said = groove("run", file)
    assert "40 sessions finished" in said

    undisturbed = Groove(folder=groove.folder / "undisturbed")
    undisturbed.folder.mkdir()
    undisturbed("run", file, "--learnings", learnings)
    assert groove.json("values") == undisturbed.json("values")


def _finished(groove: Groove) -> int:
    if not (groove.folder / ".groove" / "ledger.sqlite").exists():
        return 0
    ledger = open_ledger(f"sqlite:///{groove.folder / '.groove' / 'ledger.sqlite'}")
    try:
        return ledger.counts.count().sessions.get("finished", 0)
    finally:
        ledger.dispose()


def test_a_folder_belongs_to_one_stack_at_a_time(groove: Groove) -> None:
    """A second stack on the same folder is told so in one line; a stale folder is simply taken over."""
    up = groove.start("up")
    wait_until((groove.folder / ".groove" / "run" / "store.sock").exists, "the stack is up")
    refused = groove("up", status=1)
    assert "is in use by another stack" in refused
    assert len(refused.strip().splitlines()) == 1
    up.kill()
    up.wait()
    wait_until(lambda: not groove.processes(), "its parts have ended")
    run(groove, sessions(1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "none.jsonl"], "none.jsonl: no such file"),
        (["learnings", "import", "none.jsonl"], "none.jsonl: no such file"),
        (["publish", "none.jsonl"], "event log: the Redis server cannot be reached"),
        (["sessions", "show", "nobody"], "nobody: no such session"),
        (["tasks", "retry"], "name a --session"),
    ],
)
def test_errors_are_one_clear_line(arguments: list[str], said: str, groove: Groove) -> None:
    """What a person can get wrong ends with a line that says what, and a status that is not 0."""
    output = groove(*arguments, status=2 if arguments == ["tasks", "retry"] else 1)
    assert said in output

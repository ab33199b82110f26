"""What hooks and the store's side hand each other as files: read back as written, refused where torn or impossible."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, ManagedLearning, ManagedUnit, read_managed, write_managed
from worker.formats.hook_snapshot import HookSnapshot, SnapshotLearning, read_snapshot, snapshot_at, write_snapshot
from worker.formats.hook_spool import HookEvent, SpoolRecord, read_spool_record, spool_line
from worker.formats.hook_trace import HookTrace, trace_comment, traces_in

SNAPSHOT = HookSnapshot(
    written_at=1_768_000_000_000_000,
    root="/home/someone/project",
    policy_version="7-3f9c0a1b2c3d",
    salt="salt",
    learnings=(
        SnapshotLearning(
            id="use-rg", mark="use-rg", epoch=2, unit="search", text="Use `rg` →\n", withhold_probability=0.1
        ),
    ),
)
RECORD = SpoolRecord(
    at=1_768_000_000_000_000,
    event=HookEvent.SESSION_START,
    session_id="fork",
    conversation_id="first",
    source="fork",
    harness="claude-code",
    parent_session_id="first",
    cwd="/home/someone/project",
    policy_version="7-3f9c0a1b2c3d",
    takes_part=True,
    is_printed=True,
    injected=("use-rg",),
    withheld=("run-fmt",),
    excluded=("old",),
    probabilities={"use-rg": 0.1, "run-fmt": 0.123457},
    milliseconds=31.5,
)
MARKS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9), max_size=4)


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    """In the place of an older one, with nothing left beside it; no program but its owner's reads it by accident of encoding."""
    path = HookFolder(tmp_path).snapshot
    write_snapshot(path, SNAPSHOT)
    write_snapshot(path, SNAPSHOT)
    assert snapshot_at(path) == SNAPSHOT
    assert path.read_bytes().isascii()
    assert [file.name for file in path.parent.iterdir()] == ["snapshot.json"]


@pytest.mark.parametrize("cut", [0, 1, 40, -2])
def test_a_torn_snapshot_is_none(tmp_path: Path, cut: int) -> None:
    """However much of it is there."""
    path = HookFolder(tmp_path).snapshot
    write_snapshot(path, SNAPSHOT)
    path.write_bytes(path.read_bytes()[:cut])
    assert snapshot_at(path) is None
    assert snapshot_at(path.with_name("none.json")) is None


@pytest.mark.parametrize(
    ("name", "value"), [("format", 2), ("withhold_probability", 1.5), ("epoch", 0), ("unit", ""), ("written_at", 5)]
)
def test_an_impossible_snapshot_is_refused(tmp_path: Path, name: str, value: object) -> None:
    """With the place of what is wrong."""
    path = HookFolder(tmp_path).snapshot
    write_snapshot(path, SNAPSHOT)
    document = json.loads(path.read_bytes())
    (document if name in document else document["learnings"][0])[name] = value
    with pytest.raises(InvalidEvent, match=name):
        read_snapshot(json.dumps(document).encode())


def test_a_line_of_the_spool_is_read_as_it_was_written() -> None:
    """It stands on a line of its own, whatever stood before it."""
    line = spool_line(RECORD)
    assert line.startswith(b"\n")
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 2
    assert read_spool_record(line.strip()) == RECORD


@pytest.mark.parametrize("end", range(1, len(spool_line(RECORD)) - 2, 37))
def test_a_torn_line_is_refused(end: int) -> None:
    """It is never taken for a shorter record."""
    with pytest.raises(InvalidEvent):
        read_spool_record(spool_line(RECORD)[1:end])


def test_a_sparse_line_says_what_it_says() -> None:
    """What a hook without a snapshot can tell: no part was taken, and why."""
    line = b'{"format":1,"at":"2026-01-20T20:14:07Z","event":"SessionStart","session_id":"s","conversation_id":"s","reason":"no snapshot"}'
    record = read_spool_record(line)
    assert (record.takes_part, record.reason, record.injected) == (False, "no snapshot", ())


@given(
    injected=MARKS, withheld=MARKS, conversation=st.text(st.characters(categories=["L", "P"]), min_size=1, max_size=9)
)
def test_a_trace_is_found_in_the_text_around_it(injected: list[str], withheld: list[str], conversation: str) -> None:
    """Also where an id would end the comment, and twice in one text."""
    trace = HookTrace(
        policy_version="1-a", conversation_id=conversation, injected=tuple(injected), withheld=tuple(withheld)
    )
    text = f"# Learnings\n{trace_comment(trace)}\n- Use `rg`\n<!-- groove {{torn -->\n{trace_comment(trace)}"
    assert trace_comment(trace).index("-->") == len(trace_comment(trace)) - 3
    assert traces_in([text, "nothing"]) == [trace, trace]


def test_managed_learnings_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Without a file nothing is managed."""
    path = HookFolder(tmp_path).managed
    managed = Managed(
        root="/p",
        learnings=(ManagedLearning(id="a", text="A", unit="s"), ManagedLearning(id="b", text="B")),
        units=(ManagedUnit(id="s", title="S", text="# S\n- A"),),
    )
    assert read_managed(path) is None
    write_managed(path, managed)
    assert read_managed(path) == managed
    assert list(managed.members()) == [("a", "s")]


@pytest.mark.parametrize(
    ("managed", "told"),
    [
        (
            Managed(root="/p", learnings=(ManagedLearning(id="a", text="A", unit="s"),)),
            "a section that it does not have",
        ),
        (Managed(root="/p", learnings=(ManagedLearning(id="a", text="A"),) * 2), "an id stands in it twice"),
    ],
    ids=["unknown section", "twice"],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, managed: Managed, told: str) -> None:
    """By whoever reads the file, with its path."""
    path = HookFolder(tmp_path).managed
    write_managed(path, managed)
    with pytest.raises(InvalidFile, match=told):
        read_managed(path)

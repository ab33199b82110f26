"""Sessions that a real hook gave learnings to, imported: what their transcripts show counts, and doctor tells where that differs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from acceptance.groove_command import Groove
from unit.assessor.homes import Home, make_home, told
from unit.transcripts.written import attachment, lines

from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, ManagedLearning, write_managed
from worker.formats.hook_snapshot import HookSnapshot, snapshot_at
from worker.formats.hook_trace import traces_in
from worker.store.hooks.records import open_records

pytestmark = pytest.mark.timeout(300)
HOOK = Path(__file__).parents[2] / "assessor" / "hooks" / "groove_hook.py"
SESSIONS, DROPPED = 16, 1


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", sessions=1)


def run(groove: Groove, home: Home) -> Any:
    return groove.json("import", "--project", home.project, HOME=str(home.folder))


def injected_by_hook(groove: Groove, home: Home, session_id: str) -> str:
    """What the hook has the assistant put into its context."""
    asked = {
        "session_id": session_id,
        "hook_event_name": "SessionStart",
        "source": "startup",
        "cwd": str(home.project),
        "transcript_path": str(home.sessions / f"{session_id}.jsonl"),
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HOOK), "claude-code", "user"],
        input=json.dumps(asked).encode(),
        env={"GROOVE_DATA_DIR": str(groove.folder / ".groove"), "HOME": str(home.folder)},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    text: str = json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"]
    return text


def with_context(home: Home, session_id: str, text: str) -> bytes:
    where = {"sessionId": session_id, "cwd": str(home.project)}
    line = attachment(f"{session_id}-h", None, 0, type="hook_additional_context", content=[text]) | where
    return lines(line) + told(home, session_id)


def written_snapshot(groove: Groove) -> HookSnapshot:
    found = snapshot_at(HookFolder(groove.folder / ".groove").snapshot)
    assert found is not None
    return found


def finding(groove: Groove, what: str) -> dict[str, Any]:
    found = groove.json("doctor", status=1)
    return next(each for each in found if each["what"].startswith(what))


def test_what_the_transcript_shows_is_what_counts(groove: Groove, home: Home) -> None:
    """Arms of the experiment are those that were injected and withheld; what the assistant dropped took no part."""
    ids = {row["text"]: row["learning_id"] for row in run(groove, home)["learnings"]}
    folder = HookFolder(groove.folder / ".groove")
    learnings = tuple(ManagedLearning(id=id_, text=text) for text, id_ in ids.items())
    write_managed(folder.managed, Managed(root=str(home.project), learnings=learnings))
    tried = next(id_ for text, id_ in ids.items() if text.startswith("Prefer"))
    groove("learnings", "try", tried)
    chances = {each.id: each.withhold_probability for each in written_snapshot(groove).learnings}
    assert chances == dict.fromkeys(ids.values(), 0.25) | {tried: 0.5}
    # out of what the assistant loads by itself, and not committed yet
    (home.project / "CLAUDE.md").rename(home.project / "GEMINI.md")
    (home.project / "CLAUDE.md").write_text("# Work here\n")

    with_, without = 0, 0
    for number in range(SESSIONS):
        session_id = f"h{number}"
        text = injected_by_hook(groove, home, session_id)
        if number < DROPPED:
            home.write(f"{session_id}.jsonl", told(home, session_id))
            continue
        (trace,) = traces_in([text])
        is_withheld = any(tried.startswith(mark) for mark in trace.withheld)
        assert is_withheld is ("Prefer small functions" not in text)
        with_, without = with_ + (not is_withheld), without + is_withheld
        home.write(f"{session_id}.jsonl", with_context(home, session_id, text))
    assert folder.spool.exists()

    first = run(groove, home)
    assert first["published"] == SESSIONS
    assert not folder.spool.exists()
    value = groove.json("show", tried)["value"]
    assert (value["sessions_with"], value["sessions_without"]) == (with_, without)
    assert without
    assert run(groove, home)["published"] == 0
    agreeing = finding(groove, "sessions whose transcript shows")
    assert agreeing["detail"] == f"{SESSIONS - DROPPED}, {DROPPED} no trace, 0 not imported yet"
    assert not agreeing["is_well"]
    assert finding(groove, "hooks' records that the store does not take")["detail"] == "0"

    told_ = groove.json("forget", "--session", "h3", "--yes")
    assert told_["places"]["hooks"] == {"records": 1}
    with open_records(folder.data_dir) as records:
        assert "h3" not in records.sessions()


def test_an_edit_of_the_managed_file_is_another_wording(groove: Groove, home: Home) -> None:
    """Of the learning and of its section: from the next import on the hook gives out the new words, in a new epoch."""
    subprocess.run(["git", "init", "-q"], cwd=groove.folder, check=True)
    (groove.folder / "CLAUDE.md").write_text("# Tests\n\n- Always run `make check`\n- Never sleep in a test\n")
    groove("adopt", "CLAUDE.md", "--yes", HOME=str(home.folder))
    before = {each.text: each for each in written_snapshot(groove).learnings}
    file = groove.folder / ".groove" / "learnings.md"
    file.write_text(file.read_text().replace("make check", "make check-all"))
    groove("import", HOME=str(home.folder))
    after = {each.id: each for each in written_snapshot(groove).learnings}
    edited, same = (next(each for text, each in before.items() if word in text) for word in ("make", "sleep"))
    assert (after[edited.id].text, after[edited.id].epoch) == ("Always run `make check-all`", 2)
    assert after[same.id] == same
    assert {each.unit for each in after.values()} == {edited.unit}
    history = groove.json("learnings", "history", edited.unit)
    assert [line["kind"] for line in history] == ["imported", "edited"]
    (section,) = groove.json("learnings", "sections")
    assert section["section"]["learning_id"] == edited.unit
    assert {value["learning_id"] for value in section["learnings"]} == set(after)
    assert edited.unit in groove("learnings", "sections")
    shown = {id_: groove("show", id_) for id_ in (edited.unit, edited.id)}
    assert ["drawn with its section" in told_ for told_ in shown.values()] == [False, True]
    assert ["withheld with p =" in told_ for told_ in shown.values()] == [True, False]

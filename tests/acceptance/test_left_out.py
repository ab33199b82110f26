"""The measure trap through the whole system: what a learning's own text moves is left out of its record, and `explain` says so."""

from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings

REASON = "its text asks for praise"


@pytest.mark.timeout(240)
def test_explain_names_what_was_left_out(groove: Groove, tmp_path: Path) -> None:
    """One learning without the session's signals, the others with them, in the same session."""
    told = [event | {"session_id": f"told-{number}"} for number, event in enumerate(sessions(3))]
    kinds = {signal["type"] for event in told for each in event["lightweight_events"] for signal in each["signals"]}
    told = [event | {"excluded_signals": {"fmt": dict.fromkeys(sorted(kinds), REASON)}} for event in told]
    groove("run", write_events(tmp_path / "e.jsonl", told), "--learnings", write_learnings(tmp_path / "l.jsonl"))
    assert f"({REASON})" in groove("explain", "fmt", "told-0")
    assert REASON not in groove("explain", "rg", "told-0")
    explained = groove.json("explain", "fmt", "told-0")
    assert set(explained["left_out"]) == kinds
    assert explained["parts"] == []

"""Reading what comes in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidEvent
from worker.formats.heavy_event import read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.session_attributed import attempt_id
from worker.formats.wire import derived_id, format_timestamp, parse_timestamp

LOGGED_AT = 1_768_940_047_000_000
FLAT: dict[str, Any] = {"session_id": "s-1", "active_learnings": ["a"], "outcome": "success"}


def flat(**changes: Any) -> bytes:
    return json.dumps({**FLAT, **changes}).encode()


def grooves(**changes: Any) -> bytes:
    context = {
        "session_id": "s-1",
        "event_id": "e-1",
        "timestamp": "2026-01-20T20:14:07.123456789Z",
        "active_learnings": ["a", "b"],
        "injection_method": "Hook",
        "injection_scope": {"Project": "/home/alex/app"},
        "harness_type": "ClaudeCode",
    }
    return json.dumps({"tier": "heavy", "context": context, "outcome": "partial", **changes}).encode()


def test_grooves_form_is_read_from_its_context() -> None:
    """Groove's own form says everything about the session under `context`."""
    event = read_heavy_event(grooves(), logged_at=LOGGED_AT)
    assert (event.session_id, event.event_id, event.outcome) == ("s-1", "e-1", 0.5)
    assert event.timestamp == 1_768_940_047_123_456
    assert event.active_learnings == ("a", "b")


def test_missing_event_id_comes_from_the_bytes() -> None:
    """Without an event id, the same bytes give the same id, wherever they stand in whichever log."""
    event = read_heavy_event(flat(), logged_at=LOGGED_AT)
    assert event.event_id == str(derived_id(flat()))
    assert read_heavy_event(flat(outcome="failure"), logged_at=LOGGED_AT).event_id != event.event_id


def test_missing_timestamp_is_the_logs_own() -> None:
    """Without a timestamp, the message's own time in the log stands in."""
    assert read_heavy_event(flat(), logged_at=LOGGED_AT).timestamp == LOGGED_AT


def test_withheld_learnings_missing_and_empty_differ() -> None:
    """A producer that withheld nothing takes part in the experiment; one that says nothing does not."""
    assert read_heavy_event(flat(), logged_at=0).withheld_learnings is None
    assert read_heavy_event(flat(withheld_learnings=[]), logged_at=0).withheld_learnings == ()


def test_learning_in_both_lists_is_contradictory() -> None:
    """An id named both as active and as withheld is found, and expected once."""
    event = read_heavy_event(flat(withheld_learnings=["a", "w"]), logged_at=0)
    assert event.contradictory == {"a"}
    assert event.expected_learnings == ("a", "w")


@pytest.mark.parametrize(
    ("outcome", "value"),
    [("success", 1.0), ("partial", 0.5), ("failure", -0.5), ("abandoned", -1.0), (0.25, 0.25), (-1, -1.0)],
)
def test_outcomes_by_name_and_by_number(outcome: object, value: float) -> None:
    """The four names and every number in [−1, 1] are outcomes."""
    assert read_heavy_event(flat(outcome=outcome), logged_at=0).outcome == value


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b'{"outcome": NaN}', "NaN is not a number"),
        (b'{"outcome": -Infinity}', "-Infinity is not a number"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (flat(tier="lightweight"), "tier is 'lightweight'"),
        (flat(outcome=None), "outcome: the outcome is missing"),
        (flat(outcome="great"), "unknown outcome 'great'"),
        (flat(outcome=1.5), "a number in [-1, 1]"),
        (flat(outcome=True), "a number in [-1, 1]"),
        (flat(session_id=""), "session_id: an id has 1 to 255 bytes"),
        (flat(session_id="é" * 128), "session_id: an id has 1 to 255 bytes"),
        (flat(session_id="a\x1b[2J"), "session_id: an id holds printable characters only"),
        (flat(active_learnings=["a\x00"]), "active_learnings.0: an id holds printable"),
        (flat(active_learnings="a"), "active_learnings"),
        (flat(timestamp="yesterday"), "timestamp: not an RFC 3339 timestamp"),
        (flat(timestamp="2026-02-30T00:00:00Z"), "timestamp: not a point in time"),
        (flat(timestamp=1768940047), "timestamp: a timestamp is an RFC 3339 text"),
        (flat(withhold_probabilities={"a": 1.5}), "withhold_probabilities.a"),
        (flat(lightweight_events=[{"message_idx": -1}]), "lightweight_events.0.message_idx"),
        (flat(lightweight_events=[{"message_idx": 1, "signals": [{"type": "x"}]}]), "lightweight_events.0.signals.0"),
        (grooves(context={"session_id": "s", "injection_method": "Telepathy"}), "injection_method"),
        (grooves(context=3), "`context` is an object"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    """Every kind of unusable message is refused with one line that says what is wrong and where."""
    with pytest.raises(InvalidEvent) as refused:
        read_heavy_event(payload, logged_at=0)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_unusual_texts_are_kept() -> None:
    """Emoji, right-to-left text, quotes, backslashes and braces are ordinary characters."""
    strange = 'שלום 😀 "quoted" \\ {braces} $name'
    event = read_heavy_event(flat(session_id=strange, active_learnings=[strange]), logged_at=0)
    assert event.session_id == strange
    assert event.active_learnings == (strange,)


def test_lone_surrogates_in_texts_are_replaced() -> None:
    """An escaped lone surrogate cannot be stored anywhere as UTF-8; in texts it becomes a question mark."""
    payload = b'{"session_id":"s","outcome":1,"transcript":{"messages":[{"role":"user","content":"a\\ud800b"}]}}'
    transcript = read_heavy_event(payload, logged_at=0).transcript
    assert transcript is not None
    assert transcript["messages"][0]["content"] == "a?b"


@pytest.mark.parametrize(
    ("signal", "detail"),
    [
        ({"type": "interruption"}, ""),
        ({"type": "rejection", "tool_name": "Bash"}, "Bash"),
        ({"type": "revert", "pattern": "undo that"}, "undo that"),
    ],
)
def test_what_a_person_stops_refuses_or_undoes_speaks_against(signal: dict[str, str], detail: str) -> None:
    """Undoing most, refusing less, stopping least; all of them more than nothing."""
    event = read_heavy_event(flat(lightweight_events=[{"message_idx": 2, "signals": [signal]}]), logged_at=0)
    (read,) = event.signals
    assert (str(read.kind), read.detail, read.is_positive) == (signal["type"], detail, False)
    assert 0.5 < read.confidence < 1


def test_lightweight_event_needs_its_session() -> None:
    """On its own topic a lightweight event names its session; its signals get the kinds' default confidences."""
    signals = [{"type": "tool_failure", "tool_name": "Bash"}, {"type": "build_status", "passed": True}]
    event = read_lightweight_event(
        json.dumps({"context": {"session_id": "s"}, "message_idx": 4, "signals": signals}).encode()
    )
    assert [(s.message_idx, s.is_positive, s.confidence) for s in event.to_signals()] == [
        (4, False, 0.8),
        (4, True, 0.9),
    ]
    with pytest.raises(InvalidEvent, match="names its session"):
        read_lightweight_event(b'{"message_idx": 4}')


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_timestamps_survive_being_written_and_read(micros: int) -> None:
    """Writing a time and reading it back gives the same microsecond."""
    assert parse_timestamp(format_timestamp(micros)) == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T23:59:59.5Z", -500_000),
    ],
)
def test_timestamps_with_any_fraction_and_zone(text: str, micros: int) -> None:
    """Zero to nine fraction digits and any zone are read; what is finer than a microsecond is cut."""
    assert parse_timestamp(text) == micros


def test_attempts_have_ids_of_their_own() -> None:
    """A second copy of one attempt has the same id, a corrected message another."""
    version = read_heavy_event(grooves(), logged_at=0).version
    corrected = type(version)(timestamp=version.timestamp, event_id=version.event_id, attempt=2)
    assert attempt_id(version) == attempt_id(version)
    assert attempt_id(version) != attempt_id(corrected)

"""Events that strangers send: each is read or refused with a reason, whatever it holds, and what is read can be written."""

import json
from typing import Any

import pytest

from bridge.decode import decode
from worker.cli.support.output import moment
from worker.domain import Learning
from worker.errors import InvalidEvent
from worker.event_log.protocol import LogMessage
from worker.formats.heavy_event import HeavyEvent, read_heavy_event
from worker.formats.learning import read_learning
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.limits import MAX_LEARNINGS, MAX_PAIRS, MAX_SIGNALS, check_heavy, check_lightweight
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.wire import MAX_DEPTH, derived_id, format_timestamp, parse_timestamp, read_json_object
from worker.system.clock import DAY, HOUR

LOGGED_AT = 1_768_940_047_000_000
SURROGATE = "\\ud83d"


def flat(**changes: Any) -> bytes:
    return json.dumps({"session_id": "s", "active_learnings": ["a"], "outcome": 1} | changes).encode()


def checked(**changes: Any) -> HeavyEvent:
    return check_heavy(read_heavy_event(flat(**changes), logged_at=LOGGED_AT), logged_at=LOGGED_AT)


def learning(**changes: Any) -> Learning:
    document = {"id": "l", "category": "tool_usage", "insight": "Use rg"} | changes
    return read_learning(json.dumps(document).encode(), now=LOGGED_AT)


def nested(depth: int, inner: str, *, opening: str = "[", closing: str = "]") -> bytes:
    """`depth` levels around `inner`, the document itself counted."""
    return f'{{"a":{opening * (depth - 1)}{inner}{closing * (depth - 1)}}}'.encode()


@pytest.mark.parametrize("inner", ["1", f'"{SURROGATE}"'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 480, 900, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"b":', "}")])
def test_deep_nesting_is_refused_at_any_depth(depth: int, inner: str, brackets: tuple[str, str]) -> None:
    """However deep a message is nested, and whatever stands inside, the refusal says so, and nothing else is raised."""
    opening, closing = brackets
    with pytest.raises(InvalidEvent, match="nested"):
        read_json_object(nested(depth, inner, opening=opening, closing=closing))


def test_nesting_up_to_the_limit_is_read_with_its_half_characters() -> None:
    """At the limit a document is read whole; half of a surrogate pair becomes U+FFFD there as anywhere."""
    value = read_json_object(nested(MAX_DEPTH, f'"{SURROGATE}"'))["a"]
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == "\ufffd"


def test_half_characters_go_from_keys_too() -> None:
    """A half character in an object's key cannot be written either; a whole pair stays the character that it is."""
    assert read_json_object(b'{"\\ud83d": {"a\\udc00": "\\ud83d\\ude00"}}') == {"\ufffd": {"a\ufffd": "\U0001f600"}}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400 + ".0", "NaN", "Infinity", "-Infinity"])
def test_numbers_that_no_float_holds_are_refused(number: str) -> None:
    """A number that would become infinite is refused like NaN, wherever it stands."""
    with pytest.raises(InvalidEvent, match="number"):
        read_json_object(f'{{"source": {{"deep": [{number}]}}}}'.encode())


@pytest.mark.parametrize("size", [30, 400, 5000])
def test_huge_integers_are_refused_or_kept_whole(size: int) -> None:
    """A huge integer in an outcome, a confidence or a place is refused with a reason, never a crash."""
    digits = "9" * size
    for payload in (
        f'{{"session_id":"s","outcome":{digits}}}',
        f'{{"session_id":"s","outcome":1,"sampling_probability":{digits}}}',
        f'{{"session_id":"s","outcome":1,"withhold_probabilities":{{"a":{digits}}}}}',
        f'{{"session_id":"s","outcome":1,"lightweight_events":[{{"message_idx":{digits},"signals":[]}}]}}',
    ):
        with pytest.raises(InvalidEvent):
            read_heavy_event(payload.encode(), logged_at=LOGGED_AT)


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_moments_that_leave_the_calendar_in_utc_are_refused(text: str) -> None:
    """A moment whose year in UTC is 0 or 10000 is refused where it comes in: in events, in signals and in learnings."""
    with pytest.raises(InvalidEvent, match="years 1 to 9999"):
        read_heavy_event(flat(timestamp=text), logged_at=LOGGED_AT)
    with pytest.raises(InvalidEvent, match="years 1 to 9999"):
        learning(created_at=text)
    with pytest.raises(InvalidEvent, match="years 1 to 9999"):
        read_lightweight_event(
            json.dumps({"context": {"session_id": "s", "timestamp": text}, "message_idx": 1}).encode()
        )


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00.000000Z", "0999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"]
)
def test_the_ends_of_the_calendar_are_written_as_they_were_read(text: str) -> None:
    """The first and the last moment that RFC 3339 knows come back exactly, with four digits of the year."""
    assert format_timestamp(parse_timestamp(text)) == text


@pytest.mark.parametrize("micros", [2**62, -(2**62), 10**30, -(10**30)])
def test_telling_a_moment_never_fails(micros: int) -> None:
    """A moment that was stored before it was checked is told as the nearest that can be, by the wire and by the commands."""
    assert format_timestamp(micros)[:4] == moment(micros)[:4] == ("9999" if micros > 0 else "0001")


def test_a_moment_for_people_is_not_rounded_up() -> None:
    """The last microsecond of a second belongs to that second."""
    assert moment(parse_timestamp("9999-12-31T23:59:59.999999Z")) == "9999-12-31 23:59:59"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0001-01-01T00:00:00Z", "before the year 2000"),
        ("1969-12-31T23:59:59Z", "before the year 2000"),
        ("1999-12-31T23:59:59Z", "before the year 2000"),
        ("2100-01-01T00:00:00Z", "more than a day after"),
        ("9999-12-31T23:59:59Z", "more than a day after"),
    ],
)
def test_a_sessions_moment_lies_between_2000_and_tomorrow(text: str, reason: str) -> None:
    """No session ran before 2000, and one of a later day could never be corrected: both are dead letters that say so."""
    with pytest.raises(InvalidEvent, match=reason):
        checked(timestamp=text)


def test_a_producers_clock_may_be_ahead_by_hours() -> None:
    """A clock that is some hours off costs no session."""
    ahead = format_timestamp(LOGGED_AT + DAY - HOUR)
    assert checked(timestamp=ahead).timestamp == LOGGED_AT + DAY - HOUR


def test_an_event_names_a_bounded_number_of_learnings() -> None:
    """The last number that is allowed is taken; one more is a dead letter that names both numbers."""
    ids = [f"l{number}" for number in range(MAX_LEARNINGS + 1)]
    assert len(checked(active_learnings=ids[1:]).active_learnings) == MAX_LEARNINGS
    with pytest.raises(InvalidEvent, match=f"{MAX_LEARNINGS + 1} active and withheld learnings .* {MAX_LEARNINGS}"):
        checked(active_learnings=ids[1:], withheld_learnings=ids[:1])


def test_an_event_brings_a_bounded_number_of_signals() -> None:
    """Signals are counted over all lightweight events of a session, alone and times its learnings."""
    retries = [{"type": "retry"}] * (MAX_SIGNALS // 2)
    half = {"message_idx": 1, "signals": retries}
    assert len(checked(lightweight_events=[half, half]).signals) == MAX_SIGNALS
    with pytest.raises(InvalidEvent, match=r"signals in one event"):
        checked(lightweight_events=[half, half, {"message_idx": 2, "signals": retries[:1]}])
    ids = [f"l{number}" for number in range(MAX_PAIRS // MAX_SIGNALS + 1)]
    with pytest.raises(InvalidEvent, match=r"signals times learnings"):
        checked(lightweight_events=[half, half], active_learnings=ids)
    many = {"context": {"session_id": "s"}, "message_idx": 1, "signals": [*retries, *retries, retries[0]]}
    with pytest.raises(InvalidEvent, match=r"signals in one event"):
        check_lightweight(read_lightweight_event(json.dumps(many).encode()), logged_at=LOGGED_AT)


@pytest.mark.parametrize(
    "bad", ["", "a\nb", "a\x00b", "a\x1b[31m", "a\x7f", "a\x9bb", "a\u200bb", "a\u202eb", "x\ud83d"]
)
def test_ids_that_steer_or_collide_are_refused_at_every_door(bad: str) -> None:
    """An empty id, one with control or invisible characters, and one that lost half a character, are refused."""
    for read in (
        lambda: read_heavy_event(flat(session_id=bad), logged_at=LOGGED_AT),
        lambda: read_heavy_event(flat(event_id=bad), logged_at=LOGGED_AT),
        lambda: read_heavy_event(flat(active_learnings=[bad]), logged_at=LOGGED_AT),
        lambda: read_heavy_event(flat(withheld_learnings=[bad]), logged_at=LOGGED_AT),
        lambda: learning(id=bad),
    ):
        with pytest.raises(InvalidEvent, match="an id h"):
            read()


def test_a_byte_order_mark_is_no_part_of_a_message() -> None:
    """A line or a message that begins with a byte order mark is read as if it had none."""
    assert read_json_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_batch_goes_on_behind_each_of_them() -> None:
    """In one batch with a good event, each of these is a dead letter with its reason, and the good one is taken."""
    bad = [
        nested(700, f'"{SURROGATE}"'),
        flat(timestamp="9999-12-31T23:59:59-08:00"),
        flat(timestamp="2100-01-01T00:00:00Z"),
        flat(active_learnings=[f"l{number}" for number in range(20_000)]),
        b"null",
        b"\xff\xfe",
        b"",
    ]
    messages = [
        LogMessage(offset=offset, message_id=derived_id(payload), payload=payload, timestamp=LOGGED_AT)
        for offset, payload in enumerate([*bad, flat()])
    ]
    batch = decode("heavy", messages, max_bytes=10_000_000)
    assert [letter.offset for letter in batch.dead] == list(range(len(bad)))
    assert all(letter.reason for letter in batch.dead)
    assert [received.event.session_id for received in batch.heavy] == ["s"]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "SAID"},
        {"timestamp": "SAID"},
        {"withhold_probabilities": {"SAID": 2}},
        {"learning_outcomes": {"SAID": "SAID"}},
        {"lightweight_events": [{"message_idx": 1, "signals": [{"type": "SAID"}]}]},
        {"lightweight_events": [{"message_idx": 1, "signals": [{"type": "negative", "pattern": "x", "SAID": 1}]}]},
        {"transcript": {"messages": "SAID"}},
    ],
)
def test_a_reason_quotes_little(changes: dict[str, Any]) -> None:
    """It stands in logs, and what came in where something else belongs may be what was said."""
    said = "it's what was said: " + "word " * 100
    payload = flat(**changes).replace(b"SAID", said.encode())
    with pytest.raises(InvalidEvent) as refused:
        parse_transcript(read_heavy_event(payload, logged_at=LOGGED_AT).transcript or {})
    assert said[:60] not in str(refused.value)

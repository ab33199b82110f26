"""A transcript as events carry it: `{"messages": [{"role", "content", "timestamp"?}]}`, that list itself, or one message per line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from worker.domain import BlockKind, Message, Transcript
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import Calls, clean, parse_content
from worker.formats.transcripts.foreign_calls import UnreadForm, learn_foreign, parse_foreign
from worker.formats.transcripts.lines import DAMAGED, objects
from worker.formats.transcripts.session import Harness, Place, ReadSession, Speaker
from worker.formats.transcripts.session_draft import moment
from worker.formats.transcripts.who_spoke import words_of_a_person
from worker.formats.wire import derived_id

_ROLES = {"ai": "assistant", "model": "assistant", "human": "user", "function": "tool"}


def parse_transcript(value: object) -> Transcript:
    """`{"messages": [{"role", "content", "timestamp"?}]}`, or that list itself; every entry is one message.

    Raises `InvalidEvent`, which names the message that cannot be read.
    """
    return _parse(value, Calls())


def _parse(value: object, calls: Calls) -> Transcript:
    entries = _entries(value)
    for entry in entries:
        if isinstance(entry, dict):
            calls.learn(entry.get("content"))
            learn_foreign(entry, calls)
    return Transcript(messages=tuple(_parse_message(idx, entry, calls) for idx, entry in enumerate(entries)))


def read_document(value: object, skipped: Counter[str]) -> ReadSession:
    """Read a list of messages as a session: a document that says nothing of where it comes from."""
    calls = Calls()
    transcript = _parse(value, calls)
    times = tuple(moment(entry.get("timestamp")) for entry in _entries(value) if isinstance(entry, dict))
    known = [time for time in times if time is not None]
    given = value.get("session_id") if isinstance(value, dict) else None
    return ReadSession(
        session_id=given
        if isinstance(given, str) and given
        else str(derived_id(repr(transcript.messages[:3]).encode())),
        harness=Harness.MESSAGES,
        transcript=transcript,
        speakers={message.message_idx: Speaker.PERSON for message in transcript.messages if _is_a_persons(message)},
        times=times,
        started_at=min(known, default=None),
        ended_at=max(known, default=None),
        line_ids=("",) * len(times),
        answers=_answers(transcript, calls),
        skipped=dict(skipped),
    )


def _answers(transcript: Transcript, calls: Calls) -> dict[Place, Place]:
    """By the calls' ids: the newest call before an answer, otherwise the first behind it."""
    ids = {id(block): call_id for block, call_id in calls.read}
    made: dict[str, Place] = {}
    early: dict[str, Place] = {}
    found: dict[Place, Place] = {}
    for message in transcript.messages:
        for number, block in enumerate(message.blocks):
            place, call_id = (message.message_idx, number), ids.get(id(block))
            if call_id is None:
                continue
            if block.kind is BlockKind.TOOL_USE:
                made[call_id] = place
                if call_id in early:
                    found[early.pop(call_id)] = place
            else:
                found[place] = made.get(call_id, place)
                if call_id not in made:
                    early[call_id] = place
    return found


def read(lines: Iterable[bytes], skipped: Counter[str]) -> ReadSession:
    """One message per line; other lines are counted. Raises `InvalidEvent` when there is no message at all."""
    entries = list(_usable(objects(iter(lines), skipped), skipped))
    if not entries:
        raise InvalidEvent("the transcript holds no message")
    return read_document(entries, skipped)


def _usable(entries: Iterator[dict[str, Any]], skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        try:
            _parse_message(0, entry, Calls())
        except UnreadForm:
            raise
        except InvalidEvent:
            skipped[DAMAGED] += 1
        else:
            yield entry


def _entries(value: object) -> list[Any]:
    entries = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(entries, list):
        raise InvalidEvent("the transcript has no list of messages")
    return entries


def _parse_message(message_idx: int, entry: object, calls: Calls) -> Message:
    if not isinstance(entry, dict) or not isinstance(entry.get("role"), str):
        raise InvalidEvent(f"message {message_idx} of the transcript has no role")
    role = _role(clean(entry["role"]))
    try:
        blocks = parse_foreign(entry, role=role, calls=calls) or parse_content(
            entry.get("content"), role=role, calls=calls
        )
    except InvalidEvent as error:
        raise type(error)(f"message {message_idx} of the transcript: {error}") from error
    return Message(message_idx=message_idx, role=role, blocks=blocks)


def _role(given: str) -> str:
    """Names of other libraries for who speaks: as another role an assistant's words and calls would not count."""
    name = given.lower()
    return _ROLES.get(name, name if name in _ROLES.values() else given)


def _is_a_persons(message: Message) -> bool:
    texts = [block.text for block in message.blocks if block.kind is BlockKind.TEXT]
    return message.role == "user" and any(map(words_of_a_person, texts))

"""What a session shows of itself, message by message: who stopped it, refused, corrected or praised, and what failed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from assessor.asked_commands import call_that_failed
from assessor.calls import Call
from assessor.commands import goes_back, is_check
from assessor.phrases import asks_to_go_back, goes_on, praises, speaks_against
from worker.domain import BlockKind, SignalKind
from worker.formats.transcripts.session import ReadSession, Speaker

#: the same call so many times is a retry
_RETRY = 3
#: of what is found in words alone
_NEGATIVE_CONFIDENCE, _POSITIVE_CONFIDENCE = 0.5, 0.8
_QUOTE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    message_idx: int
    kind: SignalKind
    #: the tool, the words, or the command; for explanations
    detail: str = ""
    #: of a failure: the command and what it answered
    failure: str = ""
    #: of a check: whether it went well
    passed: bool | None = None

    def to_wire(self) -> dict[str, Any]:
        match self.kind:
            case SignalKind.TOOL_FAILURE:
                fields: dict[str, Any] = {
                    "tool_name": self.detail,
                    **({"detail": self.failure} if self.failure else {}),
                }
            case SignalKind.REJECTION:
                fields = {"tool_name": self.detail}
            case SignalKind.BUILD_STATUS:
                fields = {"passed": self.passed}
            case SignalKind.NEGATIVE:
                fields = {"pattern": self.detail, "confidence": _NEGATIVE_CONFIDENCE}
            case SignalKind.POSITIVE:
                fields = {"pattern": self.detail, "confidence": _POSITIVE_CONFIDENCE}
            case SignalKind.REVERT:
                fields = {"pattern": self.detail}
            case _:
                fields = {}
        return {"type": str(self.kind), **fields}


def signals_of(session: ReadSession, calls: Sequence[Call]) -> tuple[Heard, ...]:
    """In the order of the messages."""
    found = [*_from_people(session), *_from_calls(calls)]
    return tuple(sorted(found, key=lambda heard: (heard.message_idx, heard.kind, heard.detail)))


def lightweight_events(heard: Iterable[Heard]) -> list[dict[str, Any]]:
    """Signals in the heavy event's form: one entry per message."""
    return [
        {"message_idx": message_idx, "signals": [each.to_wire() for each in group]}
        for message_idx, group in groupby(heard, lambda each: each.message_idx)
    ]


def prompts_of(session: ReadSession) -> Iterator[tuple[int, Speaker, str]]:
    """What people said: message_idx, how, and the words."""
    for message in session.transcript.messages:
        speaker = session.speakers.get(message.message_idx)
        if speaker is not None:
            words = (block.text for block in message.blocks if block.kind is BlockKind.TEXT)
            yield message.message_idx, speaker, "\n".join(words)


def _from_people(session: ReadSession) -> Iterator[Heard]:
    stops = sorted(session.interruptions)
    for message_idx in stops:
        yield Heard(message_idx=message_idx, kind=SignalKind.INTERRUPTION)
    for message_idx, speaker, text in prompts_of(session):
        stopped = [stop for stop in stops if stop < message_idx]
        stops = stops[len(stopped) :]
        if (kind := _kind(speaker, text, after_a_stop=bool(stopped))) is not None:
            yield Heard(message_idx=message_idx, kind=kind, detail=_words(kind, text))
        if words := asks_to_go_back(text):
            yield Heard(message_idx=message_idx, kind=SignalKind.REVERT, detail=words[:_QUOTE])


def _kind(speaker: Speaker, text: str, *, after_a_stop: bool) -> SignalKind | None:
    """The words of a refusal, the prompt right after a stop, and a hurried one that begins with "no" correct; others only sound so."""
    against = speaks_against(text)
    stopped = after_a_stop and not goes_on(text)
    if speaker is Speaker.REJECTION or stopped or (speaker is Speaker.QUEUED and against):
        return SignalKind.CORRECTION
    if against:
        return SignalKind.NEGATIVE
    return SignalKind.POSITIVE if praises(text) else None


def _words(kind: SignalKind, text: str) -> str:
    found = {SignalKind.NEGATIVE: speaks_against, SignalKind.POSITIVE: praises}.get(kind, lambda words: words)(text)
    return (found or "")[:_QUOTE]


def _from_calls(calls: Sequence[Call]) -> Iterator[Heard]:
    seen: Counter[tuple[str | None, str]] = Counter()
    edited = False
    for call in calls:
        yield from _from_answer(call, edited=edited)
        edited = edited or (call.edited_path is not None and call.was_carried_out)
        seen[call.block.tool, call.block.text] += 1
        if seen[call.block.tool, call.block.text] >= _RETRY:
            yield Heard(message_idx=call.message_idx, kind=SignalKind.RETRY)


def _from_answer(call: Call, *, edited: bool) -> Iterator[Heard]:
    tool = call.block.tool or ""
    if call.is_refused_by_a_person:
        yield Heard(message_idx=call.answered_at, kind=SignalKind.REJECTION, detail=tool)
    if call.failed:
        yield Heard(
            message_idx=call.answered_at, kind=SignalKind.TOOL_FAILURE, detail=tool, failure=call_that_failed(call)
        )
    command = call.command
    if command is None or not call.was_carried_out or (call.block.input or {}).get("run_in_background"):
        return
    if is_check(command):
        yield Heard(
            message_idx=call.answered_at, kind=SignalKind.BUILD_STATUS, detail=command[:_QUOTE], passed=not call.failed
        )
    if edited and goes_back(command) and not call.failed:
        yield Heard(message_idx=call.message_idx, kind=SignalKind.REVERT, detail=command[:_QUOTE])

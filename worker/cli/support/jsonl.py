"""Reads JSONL files of heavy events and of learnings, line by line, refusing what cannot be used with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.cli.support.input_files import json_lines
from worker.domain import Learning
from worker.errors import InvalidEvent
from worker.formats.heavy_event import read_heavy_event
from worker.formats.learning import read_learning
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.limits import check_heavy, check_lightweight
from worker.formats.wire import check_length


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    payload: bytes
    session_id: str
    event_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One line that cannot be used."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def read_events(path: Path, *, now: int, max_bytes: int) -> Iterator[Line | Refusal]:
    """One heavy event a line; blank lines are none. Raises `InvalidFile` when the file cannot be read at all."""
    for place, text in json_lines(path):
        try:
            check_length(text, max_bytes)
            event = check_heavy(read_heavy_event(text, logged_at=now), logged_at=now)
        except InvalidEvent as reason:
            yield Refusal(place=place, reason=str(reason))
        else:
            yield Line(payload=text, session_id=event.session_id, event_id=event.event_id)


def read_lightweight_events(path: Path, *, now: int, max_bytes: int) -> Iterator[Line | Refusal]:
    """One lightweight event a line, as in `read_events`."""
    for place, text in json_lines(path):
        try:
            check_length(text, max_bytes)
            event = check_lightweight(read_lightweight_event(text), logged_at=now)
        except InvalidEvent as reason:
            yield Refusal(place=place, reason=str(reason))
        else:
            assert event.context is not None
            yield Line(payload=text, session_id=event.context.session_id)


def read_learnings(path: Path, *, now: int) -> Iterator[Learning | Refusal]:
    for place, text in json_lines(path):
        try:
            yield read_learning(text, now=now)
        except InvalidEvent as reason:
            yield Refusal(place=place, reason=str(reason))

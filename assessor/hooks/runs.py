"""What session files show of the hook: where it ran, how long that took, where it failed, and in which sessions it never did."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assessor.hooks.assistants import HOOK_NAME
from worker.formats.hook_trace import traces_in
from worker.formats.wire import parse_timestamp

_SIGNS = (HOOK_NAME.encode(), b"<!-- groove")
_FAILED = frozenset({"hook_non_blocking_error", "hook_blocking_error", "hook_error_during_execution", "hook_cancelled"})


@dataclass(kw_only=True, slots=True)
class SessionRuns:
    """The runs of the hook that one session file shows."""

    path: Path
    #: microseconds; None where no line has a time
    began_at: int | None = None
    #: its text stands in the session, drawn or not
    is_given: bool = False
    #: with a trace: the session takes part
    is_traced: bool = False
    runs: int = 0
    failures: int = 0
    #: milliseconds, as the assistant measured them
    durations: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    sessions: int
    given: int
    traced: int
    #: that began after the first that it ran in, and have nothing of it
    without: tuple[Path, ...]
    runs: int
    failures: int
    durations: tuple[float, ...]


def runs_in(paths: Iterable[Path]) -> Runs:
    """The runs of the hook that session files show; files that cannot be read show nothing."""
    found = [_read(path) for path in paths]
    hooked = [each for each in found if each.is_given or each.runs]
    first = min((each.began_at for each in hooked if each.began_at is not None), default=None)
    without = [
        each.path
        for each in found
        if first is not None and (each.began_at or 0) > first and not (each.is_given or each.runs)
    ]
    return Runs(
        sessions=len(found),
        given=sum(each.is_given for each in found),
        traced=sum(each.is_traced for each in found),
        without=tuple(without),
        runs=sum(each.runs for each in found),
        failures=sum(each.failures for each in found),
        durations=tuple(sorted(duration for each in found for duration in each.durations)),
    )


def _read(path: Path) -> SessionRuns:
    session = SessionRuns(path=path)
    for line in _lines(path):
        if session.began_at is None and b'"timestamp"' in line:
            session.began_at = _time(line)
        if not any(sign in line for sign in _SIGNS):
            continue
        entry = _object(line)
        told = entry.get("attachment")
        attachment: dict[str, Any] = told if isinstance(told, dict) else {}
        kind, command = attachment.get("type"), str(attachment.get("command") or "")
        if kind == "hook_additional_context" or entry.get("type") == "response_item":
            texts = list(_texts(attachment.get("content") or entry.get("payload")))
            session.is_given = session.is_given or any("<!-- groove" in text for text in texts)
            session.is_traced = session.is_traced or bool(traces_in(texts))
        elif HOOK_NAME in command and (kind == "hook_success" or kind in _FAILED):
            session.runs += 1
            session.failures += kind in _FAILED or bool(attachment.get("exitCode")) or bool(attachment.get("stderr"))
            if isinstance(duration := attachment.get("durationMs"), int | float):
                session.durations.append(float(duration))
    return session


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError:
        return


def _object(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _time(line: bytes) -> int | None:
    try:
        return parse_timestamp(str(_object(line).get("timestamp")))
    except ValueError:
        return None


def _texts(content: object) -> Iterator[str]:
    """Every text within, however the assistant wraps it."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for each in content:
            yield from _texts(each)
    elif isinstance(content, dict):
        for each in content.values():
            yield from _texts(each)

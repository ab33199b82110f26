"""A switchback: rules files that are written anew for each period of time, with the learnings that the period is assigned.

For assistants without hooks. The period takes the place of the conversation in the draw, so all sessions that begin in it have the same
learnings. What the files held, and from when to when, is kept here: by that the sessions are told later what they were given.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.wire import (
    Identifier,
    Incoming,
    Probability,
    Timestamp,
    format_timestamp,
    read_json_object,
    validated,
)
from worker.system.clock import DAY, SECOND
from worker.system.files import written_whole

FORMAT = 1
#: in the records of its sessions, where a hook writes how a session began
SOURCE = "switchback"
#: microseconds; assistants forget their sessions sooner
KEPT_FOR = 90 * DAY


class Every(StrEnum):
    HOUR = "hour"
    HALF_DAY = "half-day"
    DAY = "day"
    WEEK = "week"

    def name_of(self, at: int) -> str:
        """The period that a moment (microseconds) lies in: hours by UTC, all others by the calendar of this machine."""
        moment = datetime.fromtimestamp(at / SECOND, UTC)
        local = moment.astimezone()
        match self:
            case Every.HOUR:
                return f"{moment:%Y-%m-%dT%H}Z"
            case Every.HALF_DAY:
                return f"{local:%Y-%m-%d}-{'am' if local.hour < 12 else 'pm'}"
            case Every.DAY:
                return f"{local:%Y-%m-%d}"
        return f"{local:%G-W%V}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """What all the files held, from one writing to the next."""

    #: what was drawn for
    conversation_id: str
    #: microseconds: when the files were written, and when they were last seen to be as written
    written_at: int
    seen_at: int
    #: of what was written between the marks
    digest: str
    #: by whose habit the files are rules files: whoever loads one of these was given what they held
    families: tuple[str, ...] = ()
    #: empty: all learnings were given, and nothing was drawn
    policy_version: str = ""
    #: why nothing was
    reason: str = ""
    injected: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict)
    #: id -> its wording when it was drawn
    epochs: Mapping[str, int] = field(default_factory=dict)
    #: all that the period's draw withholds, also what a person has reworded since
    hidden: tuple[str, ...] = ()

    @property
    def takes_part(self) -> bool:
        return bool(self.policy_version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Switchback:
    #: the project's folder
    root: str
    every: Every
    #: rules file, relative to the project with slashes -> by whose habit it is one
    files: Mapping[str, str]
    #: oldest first
    periods: tuple[Period, ...] = ()

    def conversation_at(self, at: int) -> str:
        """What is drawn for in the period of that moment; another project draws for another."""
        place = hashlib.sha256(self.root.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return f"{SOURCE}-{place}-{self.every.name_of(at)}"

    def with_period(self, period: Period, *, now: int) -> "Switchback":
        kept = tuple(each for each in self.periods if each.seen_at > now - KEPT_FOR)
        return replace(self, periods=(*kept, period))


class _Period(Incoming):
    conversation_id: Identifier
    written_at: Timestamp
    seen_at: Timestamp
    digest: str
    families: tuple[str, ...] = ()
    policy_version: str = ""
    reason: str = ""
    injected: tuple[Identifier, ...] = ()
    withheld: tuple[Identifier, ...] = ()
    excluded: tuple[Identifier, ...] = ()
    probabilities: dict[str, Probability]
    epochs: dict[str, int]
    hidden: tuple[Identifier, ...] = ()


class _Switchback(Incoming):
    format: Literal[1]
    root: str
    every: Every
    files: dict[str, str]
    periods: tuple[_Period, ...] = ()


def read_switchback(path: Path) -> Switchback | None:
    """None where there is none. Raises `InvalidFile` for one that cannot be used."""
    try:
        read = validated(_Switchback, read_json_object(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, InvalidEvent) as error:
        raise InvalidFile(f"{path}: {error}") from error
    return Switchback(
        root=read.root,
        every=read.every,
        files=read.files,
        periods=tuple(Period(**period.model_dump()) for period in read.periods),
    )


def write_switchback(path: Path, switchback: Switchback) -> None:
    """In the place of an older one in one step. Raises `InvalidFile`."""
    document = asdict(switchback) | {"format": FORMAT}
    for period in document["periods"]:
        period |= {name: format_timestamp(period[name]) for name in ("written_at", "seen_at")}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with written_whole(path) as file:
            json.dump(document, file, ensure_ascii=True, separators=(",", ":"))
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written: {error.strerror}") from error

"""The spool: what hooks did, one line of JSON each, appended with a single write.

A hook writes a line feed, the object, and a line feed: whatever a killed hook left before it, the line stands alone, and empty lines mean
nothing. The spool is renamed away by whoever reads it, within a second while a stack runs: a hook opens it anew for each line, and
keeps what it must remember itself elsewhere (`HookFolder.draws`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from worker.formats.wire import (
    Identifier,
    Incoming,
    Probability,
    Timestamp,
    format_timestamp,
    read_json_object,
    validated,
)

FORMAT = 1


class HookEvent(StrEnum):
    SESSION_START = "SessionStart"
    SUBAGENT_START = "SubagentStart"
    SESSION_END = "SessionEnd"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolRecord:
    #: microseconds, by the clock of the hook's machine
    at: int
    event: HookEvent
    session_id: str
    #: what was drawn for: the first session of the conversation, whose draw its forks, resumptions and subagents share
    conversation_id: str
    #: of SessionStart: "startup", "resume", "clear", "compact", "fork"
    source: str = ""
    #: the assistant's name, "claude-code"
    harness: str = ""
    parent_session_id: str | None = None
    cwd: str = ""
    #: empty where no snapshot could be used
    policy_version: str = ""
    #: False: the session stands in no arm, whatever was injected
    takes_part: bool = False
    #: why it takes no part
    reason: str = ""
    #: whether the text was printed now; False where the context holds it already
    is_printed: bool = False
    #: ids, whole
    injected: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    #: disabled: neither injected nor withheld
    excluded: tuple[str, ...] = ()
    #: id -> chance of being withheld, of those injected and withheld
    probabilities: Mapping[str, float] = field(default_factory=dict)
    #: another session stands in the arms for this draw already
    is_repeat: bool = False
    #: from the start of the process to this line
    milliseconds: float | None = None


class _Record(Incoming):
    format: Literal[1]
    at: Timestamp
    event: HookEvent
    session_id: Identifier
    conversation_id: Identifier
    source: str = ""
    harness: str = ""
    parent_session_id: Identifier | None = None
    cwd: str = ""
    policy_version: str = ""
    takes_part: bool = False
    reason: str = ""
    is_printed: bool = False
    injected: tuple[Identifier, ...] = ()
    withheld: tuple[Identifier, ...] = ()
    excluded: tuple[Identifier, ...] = ()
    probabilities: dict[str, Probability] = Field(default_factory=dict)
    is_repeat: bool = False
    milliseconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


def read_spool_record(line: bytes) -> SpoolRecord:
    """One line without its line feeds. Raises `InvalidEvent` for one that is torn or impossible."""
    read = validated(_Record, read_json_object(line)).model_dump()
    del read["format"]
    return SpoolRecord(**read)


def spool_line(record: SpoolRecord) -> bytes:
    """Write a line as a hook appends it, in one write."""
    document = asdict(record) | {"format": FORMAT, "at": format_timestamp(record.at), "event": str(record.event)}
    return b"\n" + json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"

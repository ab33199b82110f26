"""What a session said and did."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class BlockKind(StrEnum):
    TEXT = "text"
    TOOL_USE = "tool_use"
    TOOL_RESULT = "tool_result"
    TOOL_ERROR = "tool_error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One piece of a message: prose, a call of a tool with its input, or what a tool answered."""

    kind: BlockKind
    #: prose; the call's input as `key=value` text; the answer
    text: str
    tool: str | None = None
    #: the call's input by name, when the transcript has it in that form
    input: dict[str, Any] | None = None
    #: a call that the person rejected: not something the assistant did
    rejected: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    message_idx: int
    #: "user", "assistant", "system"
    role: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    messages: tuple[Message, ...]

"""One session of an assistant as it was read from disk: what was said and done, by whom, where and under which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from worker.domain import Transcript

#: message_idx, and the number of the block in it
Place = tuple[int, int]


class Harness(StrEnum):
    """The assistant, or the format, that a session was read from; told from the content, never from the file's name."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    COPILOT_CLI = "copilot-cli"
    GEMINI_CLI = "gemini-cli"
    SPECSTORY = "specstory"
    AIDER = "aider"
    ATIF = "atif"
    MESSAGES = "messages"


class Speaker(StrEnum):
    """Who stands behind a message of the role `user`."""

    PERSON = "person"
    #: typed while the assistant worked
    QUEUED = "queued"
    #: the words with which a person turned down a call
    REJECTION = "rejection"


class Refusal(StrEnum):
    """Why a call was not carried out, from the answer that the assistant got instead of a result."""

    TOOL_USE = "tool use"
    ACTION = "action"
    PLAN = "plan"
    SUBAGENT = "subagent"
    #: by the harness's own classifier, not by a person
    CLASSIFIER = "classifier"

    @property
    def is_by_a_person(self) -> bool:
        return self in (Refusal.TOOL_USE, Refusal.ACTION, Refusal.PLAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesText:
    """A rules file as the assistant saw it, found in the transcript itself."""

    path: str
    text: str
    #: index of the first message that follows; 0: in force from the start
    message_idx: int = 0
    #: "session_start", "compact", "nested", "hook", "edit", …
    reason: str = ""
    globs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSession:
    session_id: str
    harness: Harness
    transcript: Transcript
    #: message_idx -> who said it, for each message of the role `user`; machine-made ones are no messages
    speakers: Mapping[int, Speaker] = field(default_factory=dict)
    #: message_idx of the last message before each interruption by a person
    interruptions: tuple[int, ...] = ()
    #: message_idx -> id of the subagent that a message was folded in from
    subagents: Mapping[int, str] = field(default_factory=dict)
    rules: tuple[RulesText, ...] = ()
    #: additional context that hooks put in, verbatim
    hook_contexts: tuple[str, ...] = ()
    #: microseconds; None where the format tells no time
    started_at: int | None = None
    ended_at: int | None = None
    #: per message, microseconds or None
    times: tuple[int | None, ...] = ()
    version: str | None = None
    model: str | None = None
    cwd: str | None = None
    branch: str | None = None
    #: the session that this one was forked from, where the format says so
    parent_id: str | None = None
    #: made by a tool (a plugin's own call of the assistant), not by a person
    by_a_tool: bool = False
    #: the harness continued another session in the background: what both hold is the other's
    is_background: bool = False
    #: (message_idx, index of the block) of a command's answer -> exit code, where the format gives it
    exit_codes: Mapping[Place, int] = field(default_factory=dict)
    #: (message_idx, index of the block) of an answer -> why the call was not carried out
    refusals: Mapping[Place, Refusal] = field(default_factory=dict)
    #: an answer -> its call, where the format's ids tell; an answer that stands for itself has its call elsewhere
    answers: Mapping[Place, Place] = field(default_factory=dict)
    #: per message the id of the line or turn it began with, by which copies are recognised; "" where the format has none
    line_ids: tuple[str, ...] = ()
    #: what was passed over: reason -> count ("damaged line", "unknown type: x")
    skipped: Mapping[str, int] = field(default_factory=dict)

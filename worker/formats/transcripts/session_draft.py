"""A session while it is being read: messages are added, merged and taken back, then numbered once at the end.

Each format's reader tells this what it finds, in the file's order; positions in the draft become `message_idx` in `finish`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from worker.domain import Block, BlockKind, Message, Transcript
from worker.errors import InvalidEvent
from worker.formats.transcripts.content_blocks import call_block, clean
from worker.formats.transcripts.session import Harness, Place, ReadSession, Refusal, RulesText, Speaker
from worker.formats.wire import derived_id, parse_timestamp

_T = TypeVar("_T")
#: distinct reasons that `skipped` keeps; what is beyond counts as one
MAX_REASONS = 50


@dataclass(slots=True, eq=False)
class DraftMessage:
    role: str
    time: int | None = None
    speaker: Speaker | None = None
    line_id: str = ""
    #: id of the subagent, "" for the main conversation
    subagent: str = ""
    blocks: list[Block] = field(default_factory=list)
    exit_codes: dict[int, int] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    is_dropped: bool = False

    def say(self, text: str) -> None:
        cleaned = clean(text)
        if cleaned.strip():
            self.blocks.append(Block(kind=BlockKind.TEXT, text=cleaned))


#: a message, and the number of the block in it
_Spot = tuple[DraftMessage, int]


@dataclass(slots=True, eq=False)
class SessionDraft:
    harness: Harness
    skipped: Counter[str] = field(default_factory=Counter)
    messages: list[DraftMessage] = field(default_factory=list)
    #: session_id, version, model, cwd, branch, parent_id, by_a_tool: what `ReadSession` calls them
    facts: dict[str, Any] = field(default_factory=dict)
    hook_contexts: list[str] = field(default_factory=list)
    _rules: list[tuple[int, RulesText]] = field(default_factory=list)
    _interruptions: list[tuple[int, str]] = field(default_factory=list)
    _calls: dict[str, _Spot] = field(default_factory=dict)
    #: answers with an id, and their calls
    _answers: list[tuple[_Spot, _Spot | None]] = field(default_factory=list)
    #: id of a call that is still to come -> place of its answer in `_answers`
    _early: dict[str, int] = field(default_factory=dict)

    def add(self, role: str, **facts: Any) -> DraftMessage:
        message = DraftMessage(role, **facts)
        self.messages.append(message)
        return message

    def going_on(self, role: str, **facts: Any) -> DraftMessage:
        """The newest message where it is of this role, nobody's prompt, and of the same turn and subagent; otherwise a new one."""
        newest = self.messages[-1] if self.messages else None
        if newest and newest.role == role and newest.speaker is None and not newest.is_dropped:
            same = (facts.get("line_id", ""), facts.get("subagent", "")) == (newest.line_id, newest.subagent)
            if same:
                return newest
        return self.add(role, **facts)

    def know(self, name: str, value: object, *, newest: bool = False) -> None:
        """Keep a fact about the session: the first that is told, or with `newest` the last."""
        if isinstance(value, str) and value and (newest or name not in self.facts):
            self.facts[name] = clean(value)

    def skip(self, reason: str) -> None:
        known = reason in self.skipped or len(self.skipped) < MAX_REASONS
        self.skipped[reason if known else "other"] += 1

    def call(self, message: DraftMessage, *, call_id: object, tool: object, given: object) -> None:
        """A call of a tool; the same id again is a later snapshot of the same call."""
        block = call_block(tool, given)
        known = self._calls.get(str(call_id)) if call_id is not None else None
        if known is not None and known[0] is message:
            message.blocks[known[1]] = block
            return
        spot = (message, len(message.blocks))
        message.blocks.append(block)
        if call_id is not None:
            self._calls[str(call_id)] = spot
            self._join_early(str(call_id), spot)

    def _join_early(self, call_id: str, call: _Spot) -> None:
        """Parallel calls: an answer may stand in the file before its call."""
        number = self._early.pop(call_id, None)
        if number is None:
            return
        message, place = answer = self._answers[number][0]
        self._answers[number] = (answer, call)
        message.blocks[place] = replace(message.blocks[place], tool=self.tool_of(call_id))
        if place in message.refusals:
            self._mark_refused(call_id)

    def answer(
        self,
        message: DraftMessage,
        *,
        call_id: object,
        text: str,
        is_error: bool = False,
        exit_code: int | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        """A tool's answer, added to `message`; one that refuses marks the call too."""
        kind = BlockKind.TOOL_ERROR if is_error else BlockKind.TOOL_RESULT
        place = len(message.blocks)
        block = Block(kind=kind, text=clean(text), tool=self.tool_of(call_id), rejected=refusal is not None)
        message.blocks.append(block)
        if call_id is not None:
            call = self._calls.get(str(call_id))
            if call is None:
                self._early[str(call_id)] = len(self._answers)
            self._answers.append(((message, place), call))
        if exit_code is not None:
            message.exit_codes[place] = exit_code
        if refusal is not None:
            message.refusals[place] = refusal
            self._mark_refused(call_id)

    def tool_of(self, call_id: object) -> str | None:
        known = self._calls.get(str(call_id))
        return known[0].blocks[known[1]].tool if known else None

    def made_in(self, call_id: object) -> DraftMessage | None:
        """The message that a call stands in."""
        known = self._calls.get(str(call_id))
        return known[0] if known else None

    def _mark_refused(self, call_id: object) -> None:
        known = self._calls.get(str(call_id))
        if known:
            message, place = known
            message.blocks[place] = replace(message.blocks[place], rejected=True)

    def interrupt(self, line_id: str = "") -> None:
        """A person stopped the assistant after the newest message."""
        self._interruptions.append((len(self.messages), line_id))

    def rule(self, path: object, text: object, *, reason: str, globs: object = None) -> None:
        """A rules file that is in force from here on."""
        if isinstance(text, str) and text.strip():
            wanted = tuple(clean(str(glob)) for glob in globs) if isinstance(globs, list) else ()
            rules = RulesText(path=clean(str(path or "")), text=clean(text), reason=reason, globs=wanted)
            self._rules.append((len(self.messages), rules))

    def finish(self, *, dropped_lines: frozenset[str] = frozenset()) -> ReadSession:
        """The session without what was taken back. Raises `InvalidEvent` when no message is left."""
        before = [0]  # how many kept messages stand before each position
        kept: list[DraftMessage] = []
        for message in self.messages:
            if not message.is_dropped and message.line_id not in dropped_lines:
                kept.append(message)
            before.append(len(kept))
        if not kept:
            raise InvalidEvent(f"the transcript of {self.harness} holds no message")
        numbered = enumerate(kept)
        times = [message.time for message in kept if message.time is not None]
        facts = {"session_id": self._derived_id(kept), **self.facts}
        return ReadSession(
            harness=self.harness,
            transcript=Transcript(messages=tuple(_numbered(idx, message) for idx, message in numbered)),
            speakers={idx: message.speaker for idx, message in enumerate(kept) if message.speaker},
            interruptions=tuple(
                before[at] - 1 for at, line in self._interruptions if before[at] and line not in dropped_lines
            ),
            subagents={idx: message.subagent for idx, message in enumerate(kept) if message.subagent},
            rules=tuple(replace(rules, message_idx=before[at]) for at, rules in self._rules),
            hook_contexts=tuple(self.hook_contexts),
            started_at=min(times, default=None),
            ended_at=max(times, default=None),
            times=tuple(message.time for message in kept),
            exit_codes=_by_place({idx: message.exit_codes for idx, message in enumerate(kept)}),
            refusals=_by_place({idx: message.refusals for idx, message in enumerate(kept)}),
            answers=self._joined(kept),
            line_ids=tuple(message.line_id for message in kept),
            skipped=dict(self.skipped),
            **facts,
        )

    def _joined(self, kept: list[DraftMessage]) -> dict[Place, Place]:
        numbers = {id(message): idx for idx, message in enumerate(kept)}
        found: dict[Place, Place] = {}
        for (message, place), call in self._answers:
            if id(message) in numbers:
                own = (numbers[id(message)], place)
                found[own] = (numbers[id(call[0])], call[1]) if call and id(call[0]) in numbers else own
        return found

    def _derived_id(self, kept: list[DraftMessage]) -> str:
        """A session that names no id is known by how it begins."""
        opening = [(str(message.time), *(block.text for block in message.blocks)) for message in kept[:3]]
        return str(derived_id(repr(opening).encode()))


def _numbered(message_idx: int, message: DraftMessage) -> Message:
    return Message(message_idx=message_idx, role=message.role, blocks=tuple(message.blocks))


def _by_place(found: Mapping[int, Mapping[int, _T]]) -> dict[tuple[int, int], _T]:
    return {(idx, place): value for idx, values in found.items() for place, value in values.items()}


def moment(value: object) -> int | None:
    """A line's time in microseconds, from RFC 3339 text or milliseconds; None where it is neither."""
    if isinstance(value, str):
        try:
            return parse_timestamp(value)
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e14:
        return int(value * 1000)
    return None

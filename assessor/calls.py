"""What the assistant did in a session, call by call, each joined to its answer."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assessor.commands import hides_its_code, never_ran
from worker.domain import Block, BlockKind, Transcript
from worker.formats.transcripts.session import Place, ReadSession, Refusal
from worker.formats.transcripts.tools import Purpose, command_of, path_of, purpose_of

#: answers that say nothing about the call: lost, or called off because another one failed
_NO_ANSWER = (
    "[Tool result missing due to internal error]",
    "<tool_use_error>Cancelled",
    "<tool_use_error>Sibling tool call errored",
)
_ANSWERS = frozenset({BlockKind.TOOL_RESULT, BlockKind.TOOL_ERROR})


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    message_idx: int
    block: Block
    #: message_idx of the answer; the call's own where none came, or one that was written before it
    answered_at: int
    answer: Block | None = None
    exit_code: int | None = None
    refusal: Refusal | None = None

    @property
    def is_refused_by_a_person(self) -> bool:
        return (
            self.refusal.is_by_a_person
            if self.refusal
            else self.block.rejected or bool(self.answer and self.answer.rejected)
        )

    @property
    def was_carried_out(self) -> bool:
        return self.answer is not None and self.refusal is None and not self.is_refused_by_a_person

    @property
    def failed(self) -> bool:
        """It was carried out and came back with an error, with a code other than 0, or never ran behind a pipe."""
        if not self.was_carried_out or self.answer is None or self.answer.text.startswith(_NO_ANSWER):
            return False
        command = self.command
        hidden = command is not None and hides_its_code(command) and never_ran(self.answer.text)
        return self.answer.kind is BlockKind.TOOL_ERROR or bool(self.exit_code) or hidden

    @property
    def command(self) -> str | None:
        """The command line, where the tool is a shell."""
        if self._purpose is not Purpose.SHELL:
            return None
        return command_of(self.block.tool or "", self.block.input, self.block.text)

    @property
    def read_path(self) -> str | None:
        return path_of(self.block.input or {}) if self._purpose is Purpose.READ else None

    @property
    def edited_path(self) -> str | None:
        return path_of(self.block.input or {}) if self._purpose is Purpose.EDIT else None

    @property
    def _purpose(self) -> Purpose:
        return purpose_of(self.block.tool or "")


def calls_of(session: ReadSession) -> tuple[Call, ...]:
    """In the order of the calls."""
    blocks = dict(blocks_of(session.transcript))
    answers: dict[Place, Place] = {}
    for answer, call in answered_calls(session.transcript, session.answers).items():
        answers.setdefault(call, answer)
    return tuple(
        _call(place, answers.get(place), blocks, session)
        for place, block in blocks.items()
        if block.kind is BlockKind.TOOL_USE
    )


def answered_calls(transcript: Transcript, known: Mapping[Place, Place]) -> dict[Place, Place]:
    """Place of an answer -> place of its call, where it is not `known`: the oldest open one of that tool."""
    open_: dict[str | None, deque[Place]] = defaultdict(deque)
    found = dict(known)
    joined = set(known.values())
    for place, block in blocks_of(transcript):
        if block.kind is BlockKind.TOOL_USE and place not in joined:
            open_[block.tool].append(place)
        elif block.kind in _ANSWERS and place not in known and (call := _taken(open_, block.tool)) is not None:
            found[place] = call
    return found


def blocks_of(transcript: Transcript) -> Iterator[tuple[Place, Block]]:
    for message in transcript.messages:
        for number, block in enumerate(message.blocks):
            yield (message.message_idx, number), block


def _call(place: Place, answer: Place | None, blocks: dict[Place, Block], session: ReadSession) -> Call:
    if answer is None:
        return Call(message_idx=place[0], block=blocks[place], answered_at=place[0])
    return Call(
        message_idx=place[0],
        block=blocks[place],
        answered_at=max(place[0], answer[0]),
        answer=blocks[answer],
        exit_code=session.exit_codes.get(answer),
        refusal=session.refusals.get(answer),
    )


def _taken(open_: dict[str | None, deque[Place]], tool: str | None) -> Place | None:
    """An answer without a tool's name belongs to the oldest open call of all."""
    queues = [open_[tool]] if tool is not None else list(open_.values())
    waiting = min((queue for queue in queues if queue), key=lambda queue: queue[0], default=None)
    return waiting.popleft() if waiting else None

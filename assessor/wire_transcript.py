"""A transcript as an event carries it: read back, messages and blocks stand where they stood."""

from collections.abc import Mapping
from typing import Any

from assessor.calls import answered_calls
from worker.domain import Block, BlockKind, Message, Transcript
from worker.formats.transcripts.flattened import REJECTION
from worker.formats.transcripts.session import Place


def transcript_to_wire(transcript: Transcript, answers: Mapping[Place, Place] | None = None) -> dict[str, Any]:
    """`answers`: which call each one answers, as far as the session tells."""
    calls = answered_calls(transcript, answers or {})
    return {"messages": [_message(message, calls) for message in transcript.messages]}


def _message(message: Message, calls: dict[Place, Place]) -> dict[str, Any]:
    blocks = [_block(block, (message.message_idx, number), calls) for number, block in enumerate(message.blocks)]
    return {"role": message.role, "content": blocks}


def _block(block: Block, place: Place, calls: dict[Place, Place]) -> dict[str, Any]:
    match block.kind:
        case BlockKind.TEXT:
            return {"type": "text", "text": block.text}
        case BlockKind.TOOL_USE:
            given = block.text if block.input is None else block.input
            return {"type": "tool_use", "id": _id(place), "name": block.tool or "", "input": given}
        case _:
            text = f"{REJECTION}\n{block.text}" if block.rejected and REJECTION not in block.text else block.text
            answer = {"type": "tool_result", "tool_use_id": _id(calls.get(place, place)), "content": text}
            return {**answer, "is_error": True} if block.kind is BlockKind.TOOL_ERROR else answer


def _id(place: Place) -> str:
    return f"{place[0]}.{place[1]}"

"""A transcript as an event carries it: read back, messages and blocks stand where they stood."""

from typing import Any

from assessor.calls import Place, answered_calls
from worker.domain import Block, BlockKind, Message, Transcript
from worker.formats.transcripts.flattened import REJECTION


def transcript_to_wire(transcript: Transcript) -> dict[str, Any]:
    calls = answered_calls(transcript)
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

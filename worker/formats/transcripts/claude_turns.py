"""Claude Code writes one assistant message as several lines, one per content block; here they become one message again.

The lines share `message.id`, but some gateways give every message the same id, and some write each line as a longer snapshot of the
whole message. So lines are joined only while nothing but answers to the message's own calls stands between them, and after an answer
only where the request is the same too; a later snapshot of a block replaces the earlier one.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from worker.domain import BlockKind
from worker.formats.transcripts.content_blocks import clean
from worker.formats.transcripts.flattened import parse_flattened
from worker.formats.transcripts.session_draft import DraftMessage, SessionDraft


@dataclass(slots=True, eq=False)
class _Turn:
    message: DraftMessage
    message_id: object
    request_id: object
    is_answered: bool = False


@dataclass(slots=True, eq=False)
class Turns:
    draft: SessionDraft
    #: the newest assistant message of each conversation: "" for the main one, otherwise the subagent's id
    _open: dict[str, _Turn] = field(default_factory=dict)

    def add_line(self, message: dict[str, Any], *, request_id: object, line: dict[str, Any]) -> None:
        """Add one line's blocks to the message they belong to; `line` says where and when it stands."""
        where = line["subagent"]
        turn = self._open.get(where)
        if turn is None or not _goes_on(turn, message.get("id"), request_id):
            turn = _Turn(self.draft.add("assistant", **line), message.get("id"), request_id)
            self._open[where] = turn
        self._add_content(turn.message, message.get("content"))

    def answered(self, call_id: object, *, subagent: str) -> None:
        """An answer came: to a call of the open message, which may go on, or to another, which ends it."""
        turn = self._open.get(subagent)
        if turn is None:
            return
        if self.draft.made_in(call_id) in (None, turn.message):  # None: the call is still to come
            turn.is_answered = True
        else:
            self.close(subagent)

    def close(self, subagent: str) -> None:
        self._open.pop(subagent, None)

    def _add_content(self, message: DraftMessage, content: object) -> None:
        if isinstance(content, str):
            message.blocks.extend(parse_flattened(clean(content)))
            return
        known = len(message.blocks)
        for block in content if isinstance(content, list) else ():
            if isinstance(block, str):
                message.blocks.extend(parse_flattened(clean(block)))
            elif isinstance(block, dict):
                self._add_block(message, block, known)

    def _add_block(self, message: DraftMessage, block: dict[str, Any], known: int) -> None:
        match block.get("type"):
            case "text":
                _say_or_replace(message, str(block.get("text") or ""), known)
            case "tool_use" | "server_tool_use":
                name, given = block.get("name", ""), block.get("input")
                self.draft.call(message, call_id=block.get("id"), tool=name, given=given)


def _goes_on(turn: _Turn, message_id: object, request_id: object) -> bool:
    if message_id is None or message_id != turn.message_id:
        return False
    return not turn.is_answered or (request_id is not None and request_id == turn.request_id)


def _say_or_replace(message: DraftMessage, text: str, known: int) -> None:
    """Add a text, unless one of the `known` first blocks is a snapshot of it: the longer one stays."""
    for place, block in enumerate(message.blocks[:known]):
        if block.kind is BlockKind.TEXT and text.startswith(block.text):
            message.blocks[place] = replace(block, text=clean(text))
            return
        if block.kind is BlockKind.TEXT and block.text.startswith(text):
            return
    message.say(text)

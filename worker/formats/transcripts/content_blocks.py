"""The content of one message -> Blocks: a string, or the list of typed blocks that Claude Code and the Anthropic API write."""

from dataclasses import dataclass, field, replace
from typing import Any

from worker.domain import Block, BlockKind
from worker.errors import InvalidEvent
from worker.formats.transcripts.flattened import REJECTION, parse_flattened
from worker.formats.wire import is_deep


@dataclass(kw_only=True, slots=True)
class Calls:
    """What is known about tool calls by their id, over a whole transcript: a call and its answer stand in different messages."""

    tools: dict[str, str] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    #: calls and answers that were read, with the calls' ids
    read: list[tuple[Block, str]] = field(default_factory=list)

    def keep(self, block: Block, call_id: object) -> Block:
        if call_id is not None:
            self.read.append((block, str(call_id)))
        return block

    def learn(self, content: object) -> None:
        """Take note of the calls and answers in one message's content."""
        for block in content if isinstance(content, list) else ():
            if not isinstance(block, dict):
                continue
            if block.get("type") == "tool_use":
                self.tools[str(block.get("id"))] = str(block.get("name", ""))
            elif block.get("type") == "tool_result" and REJECTION in plain_text(block.get("content")):
                self.rejected.add(str(block.get("tool_use_id")))


def parse_content(content: object, *, role: str, calls: Calls) -> tuple[Block, ...]:
    """Blocks in the order of the message; thinking, images and unknown blocks are left out. Raises `InvalidEvent`."""
    if content is None:
        return ()
    if isinstance(content, str):
        text = clean(content)
        if role == "assistant":
            return parse_flattened(text)
        return (Block(kind=BlockKind.TEXT, text=text),) if text.strip() else ()
    if not isinstance(content, list):
        raise InvalidEvent(f"a message's content is {type(content).__name__}, not a string or a list of blocks")
    return tuple(block for item in content for block in _parse_block(item, role=role, calls=calls))


def _parse_block(item: object, *, role: str, calls: Calls) -> tuple[Block, ...]:
    if isinstance(item, str):
        return parse_content(item, role=role, calls=calls)
    if not isinstance(item, dict):
        raise InvalidEvent(f"a content block is {type(item).__name__}, not an object")
    match item.get("type"):
        case "text" | "input_text" | "output_text":
            text = clean(str(item.get("text") or ""))
            return (Block(kind=BlockKind.TEXT, text=text),) if text.strip() else ()
        case "tool_use":
            return (_tool_use(item, calls),)
        case "tool_result":
            return (_tool_result(item, calls),)
        case _:
            return ()


def _tool_use(item: dict[str, Any], calls: Calls) -> Block:
    block = call_block(item.get("name", ""), item.get("input"))
    return calls.keep(replace(block, rejected=str(item.get("id")) in calls.rejected), item.get("id"))


def call_block(tool: object, given: object) -> Block:
    """A call of a tool with what it was given: by name where that is an object, as text otherwise; nothing that is nested without end."""
    if is_deep(given):
        given = None
    named = clean_tree(given) if isinstance(given, dict) else None
    text = " ".join(f"{key}={value}" for key, value in named.items()) if named else clean(str(given or ""))
    return Block(kind=BlockKind.TOOL_USE, text=text, tool=clean(str(tool)), input=named)


def _tool_result(item: dict[str, Any], calls: Calls) -> Block:
    call = str(item.get("tool_use_id"))
    block = Block(
        kind=BlockKind.TOOL_ERROR if item.get("is_error") else BlockKind.TOOL_RESULT,
        text=clean(plain_text(item.get("content"))),
        tool=calls.tools.get(call),
        rejected=call in calls.rejected,
    )
    return calls.keep(block, item.get("tool_use_id"))


def plain_text(content: object) -> str:
    """The text of an answer, which is a string or a list of text and image blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return ""


def clean(text: str) -> str:
    """Half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes U+FFFD; whole pairs become their character."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_tree(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): clean_tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_tree(item) for item in value]
    return value

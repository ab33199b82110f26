"""Assistant messages that were flattened to one string: visible text, then `[tool:NAME] input`, `[tool_result] answer` … lines.

A marker stands at the start of a line; what it opens ends at the next marker. `[tool_rejected_by_user:NAME]` says that the latest
call of that tool was not carried out.
"""

import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from worker.domain import Block, BlockKind
from worker.formats.transcripts.tools import Purpose, command_of, purpose_of
from worker.formats.wire import is_deep

_MARKER = re.compile(
    r"^\[tool(?P<what>_result|_error|_rejected_by_user)?(?::(?P<tool>[^\]\n]{1,200}))?\] ?", re.MULTILINE
)
#: `Bash(make test)`, as a terminal prints a call; it may be cut, and lines below it may be the answer
_PRINTED = re.compile(r"(?P<tool>[A-Z]\w{1,30})\((?P<given>.*?)(?:\)…?(?=\n|$)|…?$)", re.DOTALL)
_NAMED = re.compile(r"^(?:command|cmd)=")
#: a line that holds a shell's command where the text before it says what for, and the text after it is the answer
_QUOTED = re.compile(r"^`([^`\n]+)`$", re.MULTILINE)
_NEW_SIDE = "\n+++ "
_OLD_SIDE = "\n--- "
#: how a person's refusal reads in the answer to a call
REJECTION = "The user doesn't want to proceed with this tool use"
#: places of each tool's calls that nobody has rejected, latest last
_Calls = dict[str | None, list[int]]


def parse_flattened(text: str) -> tuple[Block, ...]:
    markers = list(_MARKER.finditer(text))
    head = text[: markers[0].start()] if markers else text
    blocks = [Block(kind=BlockKind.TEXT, text=head.strip())] if head.strip() else []
    calls: _Calls = defaultdict(list)
    ends = [marker.start() for marker in markers[1:]] + [len(text)]
    for marker, end in zip(markers, ends, strict=False):
        _append(blocks, calls, what=marker["what"], tool=marker["tool"], body=text[marker.end() : end].strip("\n"))
    return tuple(blocks)


def _append(blocks: list[Block], calls: _Calls, *, what: str | None, tool: str | None, body: str) -> None:
    if what is None and tool is None:
        blocks.append(_printed(body))
    elif what is None:
        blocks.append(Block(kind=BlockKind.TOOL_USE, text=body, tool=tool, input=flattened_input(tool or "", body)))
    elif what == "_result":
        blocks.append(Block(kind=BlockKind.TOOL_RESULT, text=body, tool=tool))
    else:
        rejected = what == "_rejected_by_user"
        if rejected and calls[tool]:
            place = calls[tool].pop()
            blocks[place] = replace(blocks[place], rejected=True)
        blocks.append(Block(kind=BlockKind.TOOL_ERROR, text=body, tool=tool, rejected=rejected))
    if blocks[-1].kind is BlockKind.TOOL_USE:
        calls[blocks[-1].tool].append(len(blocks) - 1)


def flattened_input(tool: str, body: str) -> dict[str, Any] | None:
    """The call's input by name where its flattened text still shows it: JSON, an edit's two sides, a shell command."""
    if body.startswith("{"):
        return _json_object(body)
    if purpose_of(tool) is Purpose.SHELL and "*** Begin Patch" not in body:
        return _shell_input(tool, body)
    path, old_mark, sides = body.partition(_OLD_SIDE)
    if old_mark:
        old, _, new = sides.partition(_NEW_SIDE)
        return {"file_path": path.strip(), "old_string": old, "new_string": new}
    return None


def _printed(body: str) -> Block:
    """A bare `[tool]` is prose, unless a call as a terminal prints it follows."""
    call = _PRINTED.match(body)
    if call is None:
        return Block(kind=BlockKind.TEXT, text=f"[tool] {body}")
    tool, given = call["tool"], call["given"]
    return Block(kind=BlockKind.TOOL_USE, text=given, tool=tool, input=flattened_input(tool, given))


def _shell_input(tool: str, body: str) -> dict[str, Any]:
    body = _NAMED.sub("", body, count=1)
    quoted = _QUOTED.search(body)
    if quoted:
        return {"command": quoted[1], "description": body[: quoted.start()].strip()}
    command, _, description = body.rpartition("  # ")
    return {"command": command, "description": description} if command else {"command": command_of(tool, None, body)}


def _json_object(body: str) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None  # cut off, or only looks like JSON: the text says what there is to say
    return value if isinstance(value, dict) and not is_deep(value) else None

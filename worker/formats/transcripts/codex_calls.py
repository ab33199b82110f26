"""The calls and answers in a Codex rollout, of which each kind names its parts in its own way."""

import re
from typing import Any

from worker.formats.transcripts.content_blocks import plain_text
from worker.formats.transcripts.lines import names, parse_json, parse_object

CALLS = names("function_call custom_tool_call local_shell_call tool_search_call web_search_call mcp_tool_call")
ANSWERS = names("function_call_output custom_tool_call_output tool_search_output mcp_tool_call_output")
_EXIT_CODE = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d{1,9})$", re.MULTILINE)
_HEAD_CHARACTERS = 500


def call_of(payload: dict[str, Any]) -> tuple[str, object]:
    """The tool's name and what it was given, by name where the rollout has it so."""
    kind = str(payload["type"])
    given = payload.get("arguments", payload.get("input", payload.get("action")))
    if isinstance(given, str):
        named = parse_object(given.encode("utf-8", "replace"))
        given = given if named is None else named
    return str(payload.get("name") or kind.removesuffix("_call")), given


def answer_of(payload: dict[str, Any]) -> tuple[str, int | None, bool]:
    """The answer's text, the command's exit code where it is told, and whether the call failed by its own account."""
    output = payload.get("output", payload.get("tools"))
    if isinstance(output, str) and output.startswith("{"):
        output = _told_in_json(output)
    if isinstance(output, dict):
        return _from_object(output)
    text = output if isinstance(output, str) else plain_text(output)
    code = _EXIT_CODE.search(text[:_HEAD_CHARACTERS])
    return text, int(code[1]) if code else None, False


def _told_in_json(output: str) -> object:
    value = parse_json(output.encode("utf-8", "replace"))
    return value if isinstance(value, dict) and "output" in value else output


def _from_object(output: dict[str, Any]) -> tuple[str, int | None, bool]:
    content = output.get("output", output.get("content"))
    metadata = output.get("metadata")
    code = metadata.get("exit_code") if isinstance(metadata, dict) else None
    text = content if isinstance(content, str) else plain_text(content)
    return text, code if isinstance(code, int) else None, output.get("success") is False

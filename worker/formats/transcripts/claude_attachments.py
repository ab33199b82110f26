"""Claude Code's `attachment` lines: rules in force, what hooks put in, and prompts that were typed while the assistant worked."""

from collections.abc import Callable, Mapping
from typing import Any

from worker.formats.transcripts.content_blocks import clean, plain_text
from worker.formats.transcripts.session_draft import SessionDraft


def _instructions(draft: SessionDraft, attachment: dict[str, Any]) -> None:
    files = attachment.get("files")
    for file in files if isinstance(files, list) else ():
        if isinstance(file, dict):
            reason = str(attachment.get("reason") or "session_start")
            draft.rule(file.get("path"), file.get("content"), reason=reason, globs=file.get("globs"))


def _nested_memory(draft: SessionDraft, attachment: dict[str, Any]) -> None:
    content = attachment.get("content")
    if isinstance(content, dict):
        path = content.get("path") or attachment.get("path")
        draft.rule(path, content.get("content"), reason="nested", globs=content.get("globs"))
    else:
        draft.rule(attachment.get("path"), content, reason="nested")


def _hook_context(draft: SessionDraft, attachment: dict[str, Any]) -> None:
    content = attachment.get("content")
    texts = content if isinstance(content, list) else [content]
    draft.hook_contexts.extend(clean(text) for text in texts if isinstance(text, str) and text.strip())


#: attachments that say what stood in the assistant's context
CONTEXT: Mapping[str, Callable[[SessionDraft, dict[str, Any]], None]] = {
    "instructions": _instructions,
    "nested_memory": _nested_memory,
    "hook_additional_context": _hook_context,
}


def queued_prompt(attachment: dict[str, Any]) -> str:
    """The text of a queued prompt that a person typed; empty where the harness put it in."""
    origin = attachment.get("origin")
    if attachment.get("commandMode", "prompt") != "prompt" or (origin and kind_of(origin) != "human"):
        return ""
    return plain_text(attachment.get("prompt"))


def kind_of(origin: object) -> object:
    return origin.get("kind") if isinstance(origin, dict) else origin

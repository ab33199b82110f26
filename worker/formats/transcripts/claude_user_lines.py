"""Claude Code's `user` lines: a person's prompt, tools' answers, a person's refusal, an interruption, or words of the harness."""

import re
from dataclasses import dataclass, field
from typing import Any

from worker.formats.transcripts.branches import LineTree
from worker.formats.transcripts.claude_attachments import kind_of
from worker.formats.transcripts.claude_turns import Turns
from worker.formats.transcripts.content_blocks import plain_text
from worker.formats.transcripts.prompt_queue import PromptQueue
from worker.formats.transcripts.session import Speaker
from worker.formats.transcripts.session_draft import SessionDraft
from worker.formats.transcripts.who_spoke import (
    INTERRUPTION,
    correction_in,
    is_a_tools_prompt,
    refusal_in,
    words_of_a_person,
)

_MACHINE_FLAGS = ("isMeta", "isCompactSummary", "isVisibleInTranscriptOnly")
_MEMORY = re.compile(r"\s*<user-memory-input>(.*?)</user-memory-input>", re.DOTALL)
_EXIT_CODE = re.compile(r"(?:Error: )?Exit code (\d{1,9})\b")
_SHELLS = frozenset({"Bash", "PowerShell"})


@dataclass(slots=True, eq=False)
class UserLines:
    draft: SessionDraft
    turns: Turns
    queue: PromptQueue
    tree: LineTree
    #: what each prompt of a person says about where it came from
    _origins: list[tuple[object, object, object]] = field(default_factory=list)
    _first_prompt: str = ""

    def add(self, entry: dict[str, Any], content: object, where: dict[str, Any]) -> None:
        if any(entry.get(flag) for flag in _MACHINE_FLAGS):
            return
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        known = [block for block in blocks if isinstance(block, dict)]
        answers = [block for block in known if block.get("type") == "tool_result"]
        if answers:
            self._add_answers(entry, answers, where)
        self._add_texts(entry, known, where)

    def _add_answers(self, entry: dict[str, Any], answers: list[dict[str, Any]], where: dict[str, Any]) -> None:
        message = self.draft.add("user", **where)
        corrections = []
        for answer in answers:
            call_id, text = answer.get("tool_use_id"), plain_text(answer.get("content"))
            is_error = bool(answer.get("is_error"))
            refusal = refusal_in(text) if is_error else None
            code = self._exit_code(call_id, text, is_error, entry.get("toolUseResult"))
            self.draft.answer(message, call_id=call_id, text=text, is_error=is_error, exit_code=code, refusal=refusal)
            self.turns.answered(call_id, subagent=where["subagent"])
            corrections.append(correction_in(text) if refusal else "")
        for words in filter(None, corrections):
            self.draft.add("user", speaker=Speaker.REJECTION, **where).say(words)

    def _exit_code(self, call_id: object, text: str, is_error: bool, result: object) -> int | None:
        """A shell says its code when it fails; a success is 0 unless the harness had to interpret it or let it run on.

        An answer before its call may be a shell's.
        """
        if (self.draft.tool_of(call_id) or "Bash") not in _SHELLS:
            return None
        if is_error:
            match = _EXIT_CODE.match(text)
            return int(match[1]) if match else None
        unclear = ("returnCodeInterpretation", "backgroundTaskId")
        if not isinstance(result, dict) or result.get("interrupted") or any(result.get(key) for key in unclear):
            return None
        return 0

    def _add_texts(self, entry: dict[str, Any], blocks: list[dict[str, Any]], where: dict[str, Any]) -> None:
        texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
        if any(text.startswith(INTERRUPTION) for text in texts):
            self.turns.close(where["subagent"])
            self.draft.interrupt(where["line_id"])
        if (
            where["subagent"]
            or kind_of(entry.get("origin")) not in (None, "human")
            or entry.get("promptSource") == "system"
        ):
            return
        self._keep_memories(texts)
        words = "\n".join(filter(None, map(words_of_a_person, texts)))
        if not words and not any(texts) and any(block.get("type") == "image" for block in blocks):
            words = "[image]"
        if words:
            self._add_prompt(entry, "\n".join(texts), words, where)
        elif any(
            text.startswith("<ide_") for text in texts
        ):  # an editor says on a line of its own what is open, then the prompt
            self.tree.add_prompt(where["line_id"], str(entry.get("parentUuid") or ""))

    def _keep_memories(self, texts: list[str]) -> None:
        """What a person told the harness to write into its rules is a rule from here on."""
        for text in texts:
            if memory := _MEMORY.match(text):
                self.draft.rule("", memory[1].strip(), reason="edit")

    def _add_prompt(self, entry: dict[str, Any], text: str, words: str, where: dict[str, Any]) -> None:
        self.turns.close("")
        self.queue.came_as_line(text, is_prompt=True)
        self.tree.add_prompt(where["line_id"], str(entry.get("parentUuid") or ""))
        self.draft.add("user", speaker=Speaker.PERSON, **where).say(words)
        self._origins.append((entry.get("entrypoint"), entry.get("promptSource"), kind_of(entry.get("origin"))))
        self._first_prompt = self._first_prompt or words

    def is_a_tools_session(self) -> bool:
        """Whether a tool asked, not a person: by its first words, or one prompt through the SDK that no person typed."""
        is_only = len(self._origins) == 1
        if is_a_tools_prompt(self._first_prompt, is_only=is_only):
            return True
        if not is_only:
            return False
        entrypoint, source, origin = self._origins[0]
        return origin != "human" and (str(entrypoint).startswith("sdk") or source == "sdk")

"""A Codex CLI rollout: one `{timestamp, type, payload}` object per line, in which most things stand twice.

What a person typed is told by `event_msg` lines; the `response_item` lines, which the model saw, hold it again among instructions.
A child's rollout begins with its parent's turns, written anew all at once; those are left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.formats.codex_own_text import without_own_text
from worker.formats.hook_trace import names_a_trace
from worker.formats.transcripts.codex_calls import ANSWERS, CALLS, answer_of, call_of
from worker.formats.transcripts.content_blocks import plain_text
from worker.formats.transcripts.lines import names, objects
from worker.formats.transcripts.session import Harness, ReadSession, Refusal, Speaker
from worker.formats.transcripts.session_draft import DraftMessage, SessionDraft, moment
from worker.formats.transcripts.who_spoke import is_a_tools_prompt, words_of_a_person

#: a replayed turn is written within this time of the file's beginning; an own one has waited for a person and a model
_REPLAY_MICROS = 1_000_000
_RULES = re.compile(
    r"# AGENTS\.md instructions(?: for (?P<folder>[^\n]*))?\n+<INSTRUCTIONS>\n?(?P<text>.*?)\n?</INSTRUCTIONS>"
    r"|^\s*<user_instructions>\n*(?P<older>.*?)\n*</user_instructions>",
    re.DOTALL,
)
#: a person's own rules come first, then the project's, or those of each place that a session works in
_NEXT_FILE = re.compile(r"^(?:--- project-doc ---|for `[^`\n]+` with root (?P<root>[^\n]+))$", re.MULTILINE)
_LEFT_OUT = names("reasoning ghost_snapshot compaction other")


def read(lines: Iterable[bytes], skipped: Counter[str]) -> ReadSession:
    """Raises `InvalidEvent` when there is no message at all."""
    reader = _Reader(SessionDraft(Harness.CODEX, skipped))
    for entry in objects(iter(lines), skipped):
        reader.read_entry(entry)
    return reader.finish()


@dataclass(slots=True, eq=False)
class _Reader:
    draft: SessionDraft
    time: int | None = None
    turn: str = ""
    began: int | None = None
    is_fork: bool = False
    source: object = None
    #: turn -> time of its last line
    turns: dict[str, int] = field(default_factory=dict)
    #: prompts as events told them, that the model's items have not repeated yet; and the other way round
    told: list[DraftMessage] = field(default_factory=list)
    untold: list[DraftMessage] = field(default_factory=list)
    has_events: bool = False
    exit_codes: dict[str, int] = field(default_factory=dict)

    def read_entry(self, entry: dict[str, Any]) -> None:
        payload, kind = entry.get("payload"), str(entry.get("type"))
        handler = _HANDLERS.get(kind)
        if handler is None or not isinstance(payload, dict):
            if kind not in ("compacted", "world_state"):
                self.draft.skip(f"unknown type: {kind[:40]}")
            return
        self.time = moment(entry.get("timestamp"))
        handler(self, payload)
        if self.time is not None:
            self.turns[self.turn] = self.time

    def session_meta(self, payload: dict[str, Any]) -> None:
        if self.began is not None:
            return  # the parent's, replayed
        self.began = self.time
        git = payload.get("git")
        branch = git.get("branch") if isinstance(git, dict) else None
        told = {"session_id": payload.get("id"), "cwd": payload.get("cwd"), "version": payload.get("cli_version")}
        for name, value in {**told, "branch": branch, "parent_id": payload.get("forked_from_id")}.items():
            self.draft.know(name, value)
        self.is_fork = bool(payload.get("forked_from_id"))
        self.source = payload.get("source")

    def turn_context(self, payload: dict[str, Any]) -> None:
        self.turn = str(payload.get("turn_id") or self.turn)
        self.draft.know("model", payload.get("model"))
        self.draft.know("cwd", payload.get("cwd"))

    def event(self, payload: dict[str, Any]) -> None:
        match payload.get("type"):
            case "user_message":
                self._told(str(payload.get("message") or ""))
            case "task_started" | "turn_started":
                self.turn = str(payload.get("turn_id") or self.turn)
            case "turn_aborted":
                self.draft.interrupt(self.turn)
            case "thread_rolled_back":
                self._roll_back(payload.get("num_turns"))
            case "exec_command_end":
                if isinstance(payload.get("exit_code"), int):
                    self.exit_codes[str(payload.get("call_id"))] = payload["exit_code"]

    def item(self, payload: dict[str, Any]) -> None:
        kind = str(payload.get("type"))
        if kind == "message":
            self._message(str(payload.get("role")), payload.get("content"))
        elif kind in CALLS:
            tool, given = call_of(payload)
            call_id = payload.get("call_id") or payload.get("id")
            self.draft.call(self._going_on("assistant"), call_id=call_id, tool=tool, given=given)
        elif kind in ANSWERS:
            self._answer(payload)
        elif kind not in _LEFT_OUT:
            self.draft.skip(f"unknown type: {kind[:40]}")

    def _answer(self, payload: dict[str, Any]) -> None:
        call_id = payload.get("call_id")
        text, code, is_error = answer_of(payload)
        code = self.exit_codes.get(str(call_id)) if code is None else code
        refusal = Refusal.TOOL_USE if "rejected by user" in text[:200] else None
        is_error = is_error or bool(code) or refusal is not None
        message = self._going_on("user")
        self.draft.answer(message, call_id=call_id, text=text, is_error=is_error, exit_code=code, refusal=refusal)

    def _message(self, role: str, content: object) -> None:
        text = plain_text(content)
        if role == "assistant":
            self._going_on("assistant").say(text)
        elif role == "developer" and names_a_trace(text):
            self.draft.hook_contexts.append(text)
        elif role == "user":
            for rules in _RULES.finditer(text):
                folder = rules["folder"] or str(self.draft.facts.get("cwd", ""))
                self._keep_rules(folder, rules["text"] or rules["older"] or "")
            self._item_of_a_person(words_of_a_person(text))

    def _keep_rules(self, folder: str, text: str) -> None:
        ends = list(_NEXT_FILE.finditer(text))
        places = [(0, folder), *((end.end(), end["root"] or folder) for end in ends)]
        for (start, root), last in zip(places, [*(end.start() for end in ends), len(text)], strict=True):
            words = without_own_text(text[start:last])
            self.draft.rule(f"{root.rstrip('/')}/AGENTS.md", words.strip("\n"), reason="session_start")

    def _item_of_a_person(self, words: str) -> None:
        if words and not _take(self.told, words):
            self.untold.append(self._prompt(words))

    def _told(self, text: str) -> None:
        self.has_events = True
        words = words_of_a_person(text)
        if words and not _take(self.untold, words):
            self.told.append(self._prompt(words))

    def _prompt(self, words: str) -> DraftMessage:
        message = self.draft.add("user", time=self.time, speaker=Speaker.PERSON, line_id=self.turn)
        message.say(words)
        return message

    def _going_on(self, role: str) -> DraftMessage:
        return self.draft.going_on(role, time=self.time, line_id=self.turn)

    def _roll_back(self, turns: object) -> None:
        """A person took the newest turns back."""
        prompts = [at for at, message in enumerate(self.draft.messages) if message.speaker and not message.is_dropped]
        if isinstance(turns, int) and 0 < turns <= len(prompts):
            for message in self.draft.messages[prompts[-turns] :]:
                message.is_dropped = True

    def finish(self) -> ReadSession:
        for message in self.untold if self.has_events else ():
            message.is_dropped = True  # among a file's events every prompt of a person is told
        prompts = [message for message in self.draft.messages if message.speaker and not message.is_dropped]
        is_only = len(prompts) == 1
        opening = prompts[0].blocks[0].text if prompts else ""
        by_a_tool = is_a_tools_prompt(opening, is_only=is_only) or (is_only and self.source == "exec")
        self.draft.facts["by_a_tool"] = by_a_tool
        return self.draft.finish(dropped_lines=self._replayed())

    def _replayed(self) -> frozenset[str]:
        if not self.is_fork or self.began is None:
            return frozenset()
        end = self.began + _REPLAY_MICROS
        return frozenset(turn for turn, last in self.turns.items() if turn and last <= end)


def _take(prompts: list[DraftMessage], words: str) -> bool:
    """Remove the prompt with these words; whether there was one."""
    for message in prompts:
        if message.blocks and message.blocks[0].text.strip() == words.strip():
            prompts.remove(message)
            return True
    return False


_HANDLERS: Mapping[str, Callable[[_Reader, dict[str, Any]], None]] = {
    "session_meta": _Reader.session_meta,
    "turn_context": _Reader.turn_context,
    "event_msg": _Reader.event,
    "response_item": _Reader.item,
}

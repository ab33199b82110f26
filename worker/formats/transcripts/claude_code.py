"""A Claude Code session file: one JSON object per line, of which some are messages, and of those only some a person's.

Lines of unknown types and damaged lines are counted and passed over; the format is internal to Claude Code and changes often.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from worker.formats.transcripts.branches import LineTree
from worker.formats.transcripts.claude_attachments import CONTEXT, queued_prompt
from worker.formats.transcripts.claude_turns import Turns
from worker.formats.transcripts.claude_user_lines import UserLines
from worker.formats.transcripts.lines import DAMAGED, names, parse_object
from worker.formats.transcripts.prompt_queue import PromptQueue
from worker.formats.transcripts.session import Harness, ReadSession, Speaker
from worker.formats.transcripts.session_draft import SessionDraft, moment
from worker.formats.transcripts.who_spoke import words_of_a_queued_prompt

#: known, and nothing that a session consists of
BOOKKEEPING = names(
    "agent-color agent-name agent-setting ai-title atis-latch attribution-snapshot bridge-session content-replacement"
    " context-collapse cost-state custom-title file-history-delta file-history-snapshot frame-link history-suppression"
    " last-prompt marble-origami-commit mode permission-mode pr-link progress relocated speculation-accept summary system tag"
    " task-summary worktree-state"
)
_PROGRESS = b'"type":"progress","data":{'
_HEAD_BYTES = 2000
_REPEATED = "repeated line"


def read(lines: Iterable[bytes], skipped: Counter[str]) -> ReadSession:
    """Raises `InvalidEvent` when there is no message at all."""
    reader = _Reader(SessionDraft(Harness.CLAUDE_CODE, skipped))
    for line in lines:
        reader.read_line(line)
    return reader.finish()


@dataclass(slots=True, eq=False)
class _Reader:
    draft: SessionDraft
    tree: LineTree = field(default_factory=LineTree)
    seen: set[object] = field(default_factory=set)
    #: line -> the subagent that wrote it
    subagents: dict[str, str] = field(default_factory=dict)
    #: the session that a subagent's file names as its own
    subagents_session: str = ""
    is_background: bool = False
    queue: PromptQueue = field(init=False)
    turns: Turns = field(init=False)
    user_lines: UserLines = field(init=False)

    def __post_init__(self) -> None:
        self.queue = PromptQueue(self.draft)
        self.turns = Turns(self.draft)
        self.user_lines = UserLines(self.draft, self.turns, self.queue, self.tree)

    def read_line(self, raw: bytes) -> None:
        if _is_progress(raw):
            self.tree.add(*_progress_link(raw))
            return
        entry = parse_object(raw)
        if entry is None:
            self.draft.skip(DAMAGED)
            return
        try:
            self._read_entry(entry)
        except RecursionError:  # nested more deeply than anything an assistant writes
            self.draft.skip(DAMAGED)

    def _read_entry(self, entry: dict[str, Any]) -> None:
        kind = str(entry.get("type") or entry.get("role"))
        handler = _HANDLERS.get(kind)
        if handler is not None and _is_damaged(entry, kind):
            self.draft.skip(DAMAGED)
        elif handler is not None:
            self._keep_facts(entry)
            if self._is_new(entry, kind):
                handler(self, entry)
        elif kind not in BOOKKEEPING:
            self.draft.skip(f"unknown type: {kind[:40]}")
        elif entry.get("uuid"):
            self._is_new(entry, kind)

    def _is_new(self, entry: dict[str, Any], kind: str) -> bool:
        """Whether this line stands in the file for the first time; a compaction writes lines anew under new ids."""
        line_id, parent = entry.get("uuid"), entry.get("parentUuid")
        if not isinstance(line_id, str):
            return True
        self.tree.add(line_id, str(parent or entry.get("logicalParentUuid") or ""))
        marks: list[object] = [line_id]
        if parent and kind in ("user", "assistant"):
            marks.append((str(parent), str(entry.get("timestamp")), kind, _fingerprint(entry.get("message"))))
        if not self.seen.isdisjoint(marks):
            self.draft.skip(_REPEATED)
            return False
        self.seen.update(marks)
        return True

    def _keep_facts(self, entry: dict[str, Any]) -> None:
        know = self.draft.know
        if entry.get("isSidechain"):
            self.subagents_session = str(entry.get("sessionId") or self.subagents_session)
        else:
            know("session_id", entry.get("sessionId"), newest=True)
        for name, key in (("version", "version"), ("cwd", "cwd"), ("branch", "gitBranch")):
            know(name, entry.get(key))
        origin = entry.get("forkedFrom")
        know("parent_id", origin.get("sessionId") if isinstance(origin, dict) else None)
        self.is_background = self.is_background or entry.get("sessionKind") == "bg"

    def _where(self, entry: dict[str, Any]) -> dict[str, Any]:
        """When and where a line stands, as `SessionDraft.add` takes it."""
        line_id = str(entry.get("uuid") or "")
        subagent = ""
        if entry.get("isSidechain"):
            above = self.subagents.get(str(entry.get("parentUuid")))
            subagent = str(entry.get("agentId") or above or line_id or "subagent")
            self.subagents[line_id] = subagent
        return {"time": moment(entry.get("timestamp")), "line_id": line_id, "subagent": subagent}

    def user(self, entry: dict[str, Any]) -> None:
        self.user_lines.add(entry, _message(entry)["content"], self._where(entry))

    def assistant(self, entry: dict[str, Any]) -> None:
        message, where = _message(entry), self._where(entry)
        if entry.get("isApiErrorMessage") or message.get("model") == "<synthetic>":
            self.draft.skip("API error")
            return
        self.draft.know("model", message.get("model"))
        self.turns.add_line(message, request_id=entry.get("requestId"), line=where)

    def attachment(self, entry: dict[str, Any]) -> None:
        attachment = entry["attachment"]
        if attachment.get("type") == "queued_command":
            self._queued_command(entry, attachment)
        elif keep := CONTEXT.get(str(attachment.get("type"))):
            keep(self.draft, attachment)

    def _queued_command(self, entry: dict[str, Any], attachment: dict[str, Any]) -> None:
        text = queued_prompt(attachment)
        words = words_of_a_queued_prompt(text)
        source = str(attachment.get("source_uuid") or "")
        if not words or entry.get("isSidechain") or (source and source in self.seen):
            return
        self.seen.update({source} - {""})
        self.queue.came_as_line(text, is_prompt=False)
        self.draft.add("user", speaker=Speaker.QUEUED, **self._where(entry)).say(words)

    def queue_operation(self, entry: dict[str, Any]) -> None:
        content = entry.get("content")
        text = content if isinstance(content, str) else ""
        self.queue.apply(entry.get("operation"), text, time=moment(entry.get("timestamp")))

    def finish(self) -> ReadSession:
        self.queue.close()
        taken_back = self.tree.taken_back()
        if taken_back:
            self.draft.skipped["line of a branch that was left"] += len(taken_back)
        if "session_id" not in self.draft.facts and self.subagents_session:
            self.draft.know("session_id", next(iter(self.subagents.values()), ""))
            self.draft.know("parent_id", self.subagents_session)
        session = self.draft.finish(dropped_lines=taken_back)
        return replace(session, by_a_tool=self.user_lines.is_a_tools_session(), is_background=self.is_background)


_HANDLERS: Mapping[str, Callable[[_Reader, dict[str, Any]], None]] = {
    "user": _Reader.user,
    "assistant": _Reader.assistant,
    "attachment": _Reader.attachment,
    "queue-operation": _Reader.queue_operation,
}


def _is_damaged(entry: dict[str, Any], kind: str) -> bool:
    if kind == "attachment":
        return not isinstance(entry.get("attachment"), dict)
    return kind != "queue-operation" and not isinstance(_message(entry).get("content"), str | list)


def _message(entry: dict[str, Any]) -> dict[str, Any]:
    message = entry.get("message", entry)
    return message if isinstance(message, dict) else {}


def _is_progress(raw: bytes) -> bool:
    at = raw.find(_PROGRESS, 0, _HEAD_BYTES)
    return at >= 0 and raw.find(b'"message":', 0, at) < 0


def _progress_link(raw: bytes) -> tuple[str, str]:
    """Id and parent of a progress line: other lines may follow it, so it is a link in the tree."""
    return _quoted(raw, raw.rfind(b'"uuid":"') + 8), _quoted(raw, raw.find(b'"parentUuid":"', 0, _HEAD_BYTES) + 14)


def _quoted(raw: bytes, at: int) -> str:
    return raw[at : raw.find(b'"', at)].decode("utf-8", "replace")


def _fingerprint(message: object) -> int:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return hash(str(content))
    parts = [block if isinstance(block, dict) else {} for block in content]
    return hash(tuple(str(part.get("id") or part.get("tool_use_id") or part.get("text")) for part in parts))

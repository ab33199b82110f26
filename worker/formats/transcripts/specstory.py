"""A SpecStory history: Markdown in which `_**User**_` and `_**Agent (model)**_` lines say who speaks; exit codes and errors are lost."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from worker.formats.transcripts.session import Harness, ReadSession, Speaker
from worker.formats.transcripts.session_draft import DraftMessage, SessionDraft, moment
from worker.formats.transcripts.specstory_sections import sections
from worker.formats.transcripts.who_spoke import words_of_a_person

_HEADING = re.compile(
    r"_\*\*(?P<who>User|Agent|Assistant)?(?P<side> - sidechain)?\s*"
    r"(?:\((?P<model>.*?)\s*(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ)?\))?\*\*_\s*"
)
_SESSION = re.compile(r"<!-- (?P<tool>.+?) Session (?P<id>[0-9A-Za-z-]+) ")
_TOOL = re.compile(r"<tool-use\b(?P<attributes>[^>]*)>(?P<body>.*?)</tool-use>", re.DOTALL)
_ATTRIBUTE = re.compile(r'data-tool-(type|name)="([^"]*)"')
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_MARKUP = re.compile(r"</?details>|<summary>.*?</summary>", re.DOTALL)
_SUMMARY = re.compile(r"<summary>(?:Tool use: )?(.*?)</summary>", re.DOTALL)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"^\s*`([^`\n]+)`\s*$", re.MULTILINE)


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[ReadSession]:
    """The one session of a history. Raises `InvalidEvent` when there is no message at all."""
    reader = _Reader(SessionDraft(Harness.SPECSTORY, skipped))
    for line in lines:
        reader.read_line(line)
    reader.end_turn()
    yield reader.draft.finish()


@dataclass(slots=True, eq=False)
class _Reader:
    draft: SessionDraft
    heading: re.Match[str] | None = None
    body: list[str] = field(default_factory=list)

    def read_line(self, line: str) -> None:
        heading = _HEADING.fullmatch(line)
        if heading and (heading["who"] or not heading["model"]):
            self.end_turn()
            self.heading = heading
        elif self.heading:
            self.body.append(line)
        elif session := _SESSION.match(line):
            self.draft.know("session_id", session["id"])

    def end_turn(self) -> None:
        heading, body = self.heading, "\n".join(self.body).strip()
        self.body = []
        if heading is None:
            return
        body = body.removesuffix("\n---").removesuffix("---").strip()
        time = heading["time"]
        where: dict[str, Any] = {"time": moment(time.replace(" ", "T")) if time else None}
        if heading["who"] == "User":
            if words := words_of_a_person(body):
                self.draft.add("user", speaker=Speaker.PERSON, **where).say(words)
            return
        self.draft.know("model", heading["model"])
        where["subagent"] = "sidechain" if heading["side"] else ""
        self._add_agent(self.draft.going_on("assistant", **where), _THINKING.sub("", body), where)

    def _add_agent(self, message: DraftMessage, body: str, where: dict[str, Any]) -> None:
        answers: list[tuple[str, str]] = []
        end = 0
        for number, tool in enumerate(_TOOL.finditer(body)):
            answers += self._add_sections(message, body[end : tool.start()])
            end = tool.end()
            call_id = f"{len(self.draft.messages)}.{len(message.blocks)}.{number}"
            if text := self._add_tool(message, call_id, tool):
                answers.append((call_id, text))
        answers += self._add_sections(message, body[end:])
        message.is_dropped = not message.blocks
        if answers:
            answering = self.draft.add("user", **where)
            for call_id, text in answers:
                self.draft.answer(answering, call_id=call_id, text=text)

    def _add_sections(self, message: DraftMessage, text: str) -> list[tuple[str, str]]:
        """Words and calls outside `<tool-use>`; the answers, by the calls' ids."""
        answers = []
        for section in sections(text):
            if not section.tool:
                message.say(section.said)
                continue
            call_id = f"{len(self.draft.messages)}.{len(message.blocks)}"
            self.draft.call(message, call_id=call_id, tool=section.tool, given=section.given)
            if section.answer:
                answers.append((call_id, section.answer))
        return answers

    def _add_tool(self, message: DraftMessage, call_id: str, tool: re.Match[str]) -> str:
        """Add the call; the text of its answer, as far as the history holds it."""
        attributes = dict(_ATTRIBUTE.findall(tool["attributes"]))
        summary = _SUMMARY.search(tool["body"])
        inner = _MARKUP.sub("", tool["body"])
        fences = [fence[2].rstrip("\n") for fence in _FENCE.finditer(inner)]
        shown = _INLINE.search(_FENCE.sub("", inner))
        command = shown[1] if shown else None
        if attributes.get("type") == "shell" and command is None and fences:
            command = fences.pop(0)
        given: object = (summary[1] if summary else "").strip()
        if command is not None:
            given = {"command" if attributes.get("type") == "shell" else "target": command}
        self.draft.call(message, call_id=call_id, tool=attributes.get("name", ""), given=given)
        return "\n".join(fences)

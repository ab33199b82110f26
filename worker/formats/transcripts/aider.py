"""An aider chat history: Markdown that holds many runs, each a session; it names no ids and no zone of time.

`#### ` begins a person's line, `> ` one of aider's own, everything else is the assistant's. The assistant's headings can look like a
person's line; aider itself ends each of a person's lines with two spaces.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from worker.formats.transcripts.session import Harness, ReadSession, Speaker
from worker.formats.transcripts.session_draft import SessionDraft, moment
from worker.formats.transcripts.who_spoke import words_of_a_person

_RUN = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\s*")
_FACTS = {"version": re.compile(r"Aider v(\S+)"), "model": re.compile(r"(?:Main )?[Mm]odel: (\S+)")}
_COMMAND = re.compile(r"/([\w-]+)\s*(.*)", re.DOTALL)
#: commands whose words go to the assistant
_SAID = frozenset({"ask", "code", "architect", "chat-mode", "context"})
_INTERRUPTED = "^C"


def read(lines: Iterable[str], skipped: Counter[str]) -> Iterator[ReadSession]:
    """One session for each run in which anything was said; runs without are counted."""
    run: _Run | None = None
    for line in lines:
        if began := _RUN.fullmatch(line):
            yield from _finished(run, skipped)
            run = _Run(SessionDraft(Harness.AIDER), moment(f"{began[1]}T{began[2]}Z"))
        elif run is not None:
            run.read_line(line)
    yield from _finished(run, skipped)


def _finished(run: "_Run | None", skipped: Counter[str]) -> Iterator[ReadSession]:
    if run is None:
        return
    run.end_part()
    if run.draft.messages:
        yield run.draft.finish()
    else:
        skipped["run in which nothing was said"] += 1


@dataclass(slots=True, eq=False)
class _Run:
    draft: SessionDraft
    began: int | None
    mark: str = ""
    part: list[str] = field(default_factory=list)
    #: None until a person's line shows whether this history ends them with two spaces
    are_marked: bool | None = None

    def read_line(self, line: str) -> None:
        mark = self._mark_of(line)
        if not line.strip() and self.mark != "":
            return  # what a blank line parts, the next line's mark tells
        if mark != self.mark:
            self.end_part()
            self.mark = mark
        self.part.append(line.removeprefix(mark).rstrip() if mark else line)

    def _mark_of(self, line: str) -> str:
        if line.startswith(">"):
            return "> " if line.startswith("> ") else ">"
        if not line.startswith("#### "):
            return ""
        if self.are_marked is None:
            self.are_marked = line.endswith("  ")
        is_a_persons = line.endswith("  ") if self.are_marked else not "".join(self.part).strip() or self.mark != ""
        return "#### " if is_a_persons else ""

    def end_part(self) -> None:
        text = "\n".join(self.part).strip()
        self.part = []
        if not text:
            return
        if self.mark == "#### ":
            self._said(text)
        elif self.mark:
            self._told(text)
        else:
            self.draft.going_on("assistant").say(text)

    def _said(self, text: str) -> None:
        command = _COMMAND.fullmatch(text)
        words = (command[2] if command[1] in _SAID else "") if command else words_of_a_person(text)
        if words and not text.startswith("!"):
            time = self.began if not self.draft.messages else None
            self.draft.add("user", speaker=Speaker.PERSON, time=time).say(words)

    def _told(self, text: str) -> None:
        """What aider itself writes: facts before the first prompt, afterwards what it did with the answer."""
        for name, pattern in _FACTS.items():
            if found := pattern.search(text):
                self.draft.know(name, found[1])
        if not self.draft.messages:
            return
        if any(line.startswith(_INTERRUPTED) for line in text.splitlines()):
            self.draft.interrupt()
        self.draft.answer(self.draft.going_on("user"), call_id=None, text=text)

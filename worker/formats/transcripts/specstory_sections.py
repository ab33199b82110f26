"""An agent's turn as SpecStory writes it for Cursor: sections between `---` lines, some of which are calls of tools with their answers.

Newer histories name the tool (`Tool use: **run_terminal_cmd**`); older ones show only its command and output, or what was read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.formats.transcripts.tools import Purpose, purpose_of

_LINE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_NAMED = re.compile(r"Tool use: \*\*([^*\n]+)\*\*[ \t]*\n?")
_SHELL = frozenset({"run_terminal_cmd", "run_terminal_command"})
_EDITED = re.compile(r"<summary>(?:Tool use: )?(?:Edit|Edited|Write|Create) file: (.+?)</summary>")
_SUMMARY = re.compile(r"<summary>(.*?)</summary>")
_MARKUP = re.compile(r"</?details>|<summary>.*?</summary>", re.DOTALL)
_FENCE = re.compile(r"^```([\w+-]*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_SHELLS = frozenset({"bash", "sh", "shell", "zsh", "powershell", "console", "cmd"})
_READ = re.compile(r"Read file: ([^\n]+)")
_LOOKED = re.compile(
    r"<details>\s*<summary>(?:Searched|Listed|Grep|Found|Read)\b[^<]*</summary>.*</details>", re.DOTALL
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Words, or one call of a tool."""

    said: str = ""
    tool: str = ""
    given: dict[str, str] | str = ""
    answer: str = ""


def sections(turn: str) -> Iterator[Section]:
    """In order; words that stand together stay together, with the lines between them."""
    said: list[str] = []
    for number, part in enumerate(_LINE.split(turn)):
        call = _called(part.strip(), is_between=number > 0)
        if call is None:
            said.append(part)
            continue
        yield from _words(said)
        said = []
        yield call
    yield from _words(said)


def _words(said: list[str]) -> Iterator[Section]:
    if text := "---".join(said).strip():
        yield Section(said=text)


def _called(part: str, *, is_between: bool) -> Section | None:
    if named := _NAMED.match(part):
        return _named(named[1].strip(), part[named.end() :])
    if not is_between:
        return None
    fences = list(_FENCE.finditer(part))
    if fences and fences[0][1] in _SHELLS and not _FENCE.sub("", part).strip():
        return _ran("run_terminal_cmd", fences)
    if (edited := _EDITED.match(part.removeprefix("<details>").strip())) and part.endswith("</details>"):
        return _wrote("edit_file", edited[1], fences)
    if read := _READ.fullmatch(part):
        return Section(tool="read_file", given={"path": read[1]})
    looked = _SUMMARY.search(part) if _LOOKED.fullmatch(part) else None
    return Section(tool="search", given=looked[1], answer=_MARKUP.sub("", part).strip()) if looked else None


def _named(tool: str, body: str) -> Section:
    fences = list(_FENCE.finditer(body))
    if tool in _SHELL and fences:
        return _ran(tool, fences)
    if edited := _EDITED.search(body):
        return _wrote(tool, edited[1], fences)
    if read := _READ.match(body.strip()):
        return Section(tool=tool, given={"path": read[1]})
    if purpose_of(tool) is Purpose.PLAN:
        return Section(tool=tool, given=body.strip())
    summary = _SUMMARY.search(body)
    given = summary[1] if summary else body.strip().partition("\n")[0]
    return Section(tool=tool, given=given, answer=_MARKUP.sub("", body).strip())


def _ran(tool: str, fences: list[re.Match[str]]) -> Section:
    answer = "\n".join(fence[2].rstrip("\n") for fence in fences[1:])
    return Section(tool=tool, given={"command": fences[0][2].rstrip("\n")}, answer=answer)


def _wrote(tool: str, path: str, fences: list[re.Match[str]]) -> Section:
    """Added lines of its diffs are what it wrote."""
    added = [
        line[1:]
        for fence in fences
        if fence[1] == "diff"
        for line in fence[2].split("\n")
        if line.startswith("+") and not line.startswith("+++ ")
    ]
    return Section(tool=tool, given={"file_path": path.strip(), "new_string": "\n".join(added)})

"""What Codex itself puts among the rules that it shows its model; people copy it into their own AGENTS.md, too."""

import re
from collections.abc import Sequence

_HEADING = re.compile(r"#{1,6} +(?P<title>.*?)[ #]*$")
_TITLES = frozenset({"skills", "plugins", "apps", "apps (connectors)", "connectors", "javascript repl (node)"})
#: how it goes on below such a title: a section that a person wrote does not begin like this
_BEGINS = (
    "A skill is a set of local instructions to follow that is stored in a `SKILL.md` file.",
    "These skills are discovered at startup from",
    "A plugin is a local bundle of skills, MCP servers, and apps.",
    "Apps (Connectors) can be explicitly triggered in user messages",
    "Apps are mentioned in the prompt in the format",
    "- Use `js_repl` for Node-backed JavaScript with top-level await",
)
_WITHIN = frozenset(
    {
        *("skill roots", "available skills", "how to use skills"),
        *("plugin roots", "available plugins", "how to use plugins"),
    }
)
#: where the files called AGENTS.md apply
_PARAGRAPHS = (
    "Files called AGENTS.md commonly appear in many places inside a container",
    "Their purpose is to pass along human guidance to you, the agent.",
    "Each AGENTS.md governs the entire directory that contains it",
    "When two AGENTS.md files disagree, the one located deeper",
)
_END = re.compile(r"</?[a-z_ ]+instructions>|</?INSTRUCTIONS>|<!--|---")
_ITEM = re.compile(r"\s|[-*+] |\d{1,9}[.)] ")


def own_lines(lines: Sequence[str]) -> frozenset[int]:
    """Numbers, from 0, of the lines that are Codex's."""
    found: set[int] = set()
    for at, line in enumerate(lines):
        if at in found:
            continue
        if line.startswith(_PARAGRAPHS):
            found.update(range(at, _end_of_paragraph(lines, at)))
        elif _title(line) in _TITLES and _first_below(lines, at).startswith(_BEGINS):
            found.update(range(at, _end_of_section(lines, at)))
    return frozenset(found)


def without_own_text(text: str) -> str:
    lines = text.split("\n")
    own = own_lines(lines)
    return "\n".join(line for at, line in enumerate(lines) if at not in own)


def _title(line: str) -> str | None:
    match = _HEADING.match(line.rstrip())
    return match["title"].lower() if match else None


def _first_below(lines: Sequence[str], at: int) -> str:
    return next((line for line in lines[at + 1 : at + 4] if line.strip()), "")


def _end_of_paragraph(lines: Sequence[str], at: int) -> int:
    return next((end for end in range(at + 1, len(lines)) if not lines[end].strip()), len(lines))


def _end_of_section(lines: Sequence[str], at: int) -> int:
    """Go on over its lists and its own headings: what a person wrote below it begins with a title or a paragraph."""
    is_list = is_parted = False
    for end in range(at + 1, len(lines)):
        line = lines[end]
        title = _title(line)
        is_own = title in _WITHIN
        is_text = bool(line.strip()) and title is None and not _ITEM.match(line)
        if (title is not None and not is_own) or _END.match(line) or (is_text and is_list and is_parted):
            return end
        is_list = not is_own and (is_list or bool(_ITEM.match(line) and line.strip()))
        is_parted = not line.strip()
    return len(lines)

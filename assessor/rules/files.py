"""One rules file: where it stands, where it applies, and which assistants load it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

import pathspec

from assessor.rules.front_matter import read_front_matter
from assessor.rules.units import lines_of
from worker.formats.switchback_block import without_block
from worker.formats.transcripts.session import Harness

#: what Claude Code loads of its memory
_MEMORY_LINES, _MEMORY_BYTES = 200, 25_000


class Family(StrEnum):
    """By whose habit a file is a rules file."""

    CLAUDE = "claude"
    AGENTS = "agents"
    CURSOR = "cursor"
    COPILOT = "copilot"
    GEMINI = "gemini"
    MEMORY = "memory"
    SKILL = "skill"
    PLAYBOOK = "playbook"
    #: `.groove/learnings.md`, whose learnings a hook gives out
    MANAGED = "managed"


def as_loaded(text: str, family: Family) -> str:
    """The part of a file that the assistant is given without asking.

    It is without the block of a switchback: what that held and when is known elsewhere.
    """
    text = without_block(text)
    if family is Family.MEMORY:
        first = "".join(lines_of(text)[:_MEMORY_LINES])
        return first.encode("utf-8", "replace")[:_MEMORY_BYTES].decode("utf-8", "ignore")
    return read_front_matter(lines_of(text)).text("description") if family is Family.SKILL else text


class Owner(StrEnum):
    PROJECT = "project"
    #: the person's own, in every project
    USER = "user"


#: who loads what; a playbook is injected by a loop of its own, of which transcripts say nothing
_LOADED_BY: Mapping[Harness, frozenset[Family]] = {
    Harness.CLAUDE_CODE: frozenset({Family.CLAUDE, Family.MEMORY, Family.SKILL}),
    Harness.CODEX: frozenset({Family.AGENTS}),
    Harness.COPILOT_CLI: frozenset({Family.COPILOT, Family.AGENTS, Family.CLAUDE}),
    Harness.GEMINI_CLI: frozenset({Family.GEMINI}),
}


def loads(harness: Harness, family: Family) -> bool:
    return family in _LOADED_BY.get(harness, frozenset())


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesFile:
    path: Path
    family: Family
    owner: Owner
    text: str
    #: folder below which it applies, relative to the project; "." for all of it
    folder: str = "."
    #: files for which it is loaded, and only when one of them is read; empty: always
    globs: tuple[str, ...] = ()
    #: the file that imports it
    imported_by: Path | None = None
    #: further habits by which it is loaded, in the same place: an AGENTS.md that CLAUDE.md imports
    also: frozenset[Family] = frozenset()
    #: microseconds
    modified_at: int = 0

    @property
    def stem(self) -> str:
        """First part of the ids of its learnings: a skill's folder names it, other files their own name."""
        return self.path.parent.name if self.family is Family.SKILL else self.path.name.partition(".")[0] or "rules"

    def is_loaded_by(self, harness: Harness) -> bool:
        return any(loads(harness, family) for family in (self.family, *self.also))

    def applies_from_start(self, cwd: str = ".") -> bool:
        """Whether it is loaded at once in a session that starts in `cwd` (relative to the project)."""
        here = PurePosixPath(cwd)
        return not self.globs and (self.folder == "." or PurePosixPath(self.folder) in (here, *here.parents))

    def applies_to(self, read: str) -> bool:
        """Whether reading that file (relative to the project) loads it."""
        inside = self.folder == "." or PurePosixPath(self.folder) in PurePosixPath(read).parents
        return inside and (not self.globs or pathspec.GitIgnoreSpec.from_lines(self.globs).match_file(read))

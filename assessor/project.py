"""One project: its rules files, the learnings in them, and what can be asked about them. The door into this package for rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assessor.edits import EditLog
from assessor.in_force import Sources, sources_of
from assessor.rules.catalogue import Catalogue, Changes, Unit
from assessor.rules.discovery import discover
from assessor.rules.files import RulesFile
from assessor.rules.texts import KnownTexts


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    root: Path
    files: tuple[RulesFile, ...]
    #: rules file -> why it was not read
    refused: Mapping[Path, str]
    #: of all projects; to be kept for the next look
    catalogue: Catalogue
    changes: Changes
    sources: Sources


def look_at(
    root: Path,
    *,
    home: Path,
    known: Catalogue,
    now: int,
    unit: Unit = "bullet",
    edits: EditLog | None = None,
    claude: Path | None = None,
    codex: Path | None = None,
) -> Project:
    """`edits` are those of rules files in all sessions that were read; `claude`, `codex` the assistants' folders where moved."""
    found = discover(root, home, claude=claude, codex=codex)
    name = str(root.resolve())
    catalogue, changes = known.look(found.files, project=name, unit=unit, now=now)
    texts = KnownTexts.of(catalogue.rules.values(), unit)
    return Project(
        root=root.resolve(),
        files=tuple(found.files),
        refused=found.refused,
        catalogue=catalogue,
        changes=changes,
        sources=sources_of(root, found.files, texts, edits=edits),
    )

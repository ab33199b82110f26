"""Which rules files a project and a person have; what cannot be read is named with its reason, and the rest goes on."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from assessor.rules.files import Family, Owner, RulesFile, as_loaded
from assessor.rules.front_matter import FrontMatter, read_front_matter
from assessor.rules.imports import HOPS, imported_paths
from assessor.rules.units import lines_of
from worker.formats.learnings_file import PLACE

#: bytes; no assistant takes in so long a file, and Markdown of that size is no set of rules
MAX_BYTES = 1_000_000
_SKIPPED_FOLDERS = frozenset(
    {".git", "node_modules", ".venv", "venv", "__pycache__", "target", "dist", "build", "vendor", ".tox", ".mypy_cache"}
)
_NAMED: dict[str, Family] = {
    "CLAUDE.md": Family.CLAUDE,
    "CLAUDE.local.md": Family.CLAUDE,
    "AGENTS.md": Family.AGENTS,
    "GEMINI.md": Family.GEMINI,
    "SKILL.md": Family.SKILL,
    "copilot-instructions.md": Family.COPILOT,
}
_PLAYBOOK = re.compile(r"(?:.*[-_.])?playbook(?:[-_.].*)?\.(?:md|txt)$", re.IGNORECASE)
_FAMILY_OF_FOLDER = ((".claude/rules", ".md", Family.CLAUDE), (".cursor/rules", ".mdc", Family.CURSOR))
_PATTERNS = {Family.CLAUDE: "paths", Family.CURSOR: "globs", Family.COPILOT: "applyTo"}


@dataclass(kw_only=True, slots=True)
class Discovery:
    files: list[RulesFile] = field(default_factory=list)
    #: path -> what is wrong with it
    refused: dict[Path, str] = field(default_factory=dict)


def discover(project: Path, home: Path, *, claude: Path | None = None, codex: Path | None = None) -> Discovery:
    """`claude` and `codex`: the assistants' own folders where they are not `~/.claude` and `~/.codex`."""
    found = Discovery()
    root, claude, codex = project.resolve(), claude or home / ".claude", codex or home / ".codex"
    for path, family in _in_project(root):
        _take(found, path, family, Owner.PROJECT, root, home)
    for path, family in _of_person(root, home, claude, codex):
        _take(found, path, family, Owner.USER, root, home)
    return found


def _in_project(root: Path) -> Iterator[tuple[Path, Family]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        here = Path(folder)
        for name in sorted(names):
            if family := _family(here.relative_to(root).as_posix(), name):
                yield here / name, family


def _family(folder: str, name: str) -> Family | None:
    if f"{folder}/{name}" == PLACE.as_posix():
        return Family.MANAGED
    if name in _NAMED:
        return _NAMED[name]
    for place, ending, family in _FAMILY_OF_FOLDER:
        if name.endswith(ending) and f"/{place}/" in f"/{folder}/":
            return family
    if name.endswith(".instructions.md") and f"{folder}/".startswith(".github/instructions/"):
        return Family.COPILOT
    return Family.PLAYBOOK if _PLAYBOOK.match(name) else None


def _of_person(root: Path, home: Path, claude: Path, codex: Path) -> Iterator[tuple[Path, Family]]:
    yield claude / "CLAUDE.md", Family.CLAUDE
    yield from ((path, Family.CLAUDE) for path in sorted((claude / "rules").rglob("*.md")))
    yield from ((path, Family.SKILL) for path in sorted(claude.glob("skills/*/SKILL.md")))
    yield codex / "AGENTS.md", Family.AGENTS
    yield home / ".gemini" / "GEMINI.md", Family.GEMINI
    yield claude / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(root)) / "memory" / "MEMORY.md", Family.MEMORY


def _take(
    found: Discovery,
    path: Path,
    family: Family,
    owner: Owner,
    root: Path,
    home: Path,
    *,
    by: Path | None = None,
    hop: int = 0,
) -> None:
    """The file and what it imports, each path once."""
    if not os.path.lexists(path):
        return
    if owner is Owner.PROJECT and not path.resolve().is_relative_to(root):
        found.refused[path] = "a link that leads out of the project: copy the file, or name it yourself"
        return
    text = _text(path, found)
    if text is None:
        return
    file = _rules_file(path, text, family, owner, root, by)
    if not _is_news(file, found.files):
        return
    for imported in imported_paths(text, path.parent, home) if family is Family.CLAUDE and hop < HOPS else ():
        place = Path(os.path.normpath(imported))
        if place.is_file():
            inside = Owner.PROJECT if place.resolve().is_relative_to(root) else Owner.USER
            _take(found, place, family, inside, root, home, by=path, hop=hop + 1)


def _is_news(file: RulesFile, files: list[RulesFile]) -> bool:
    """Whether nothing was known of its path, or not that it is loaded by this habit too, in the same place. `files` then know it."""
    place = next((number for number, known in enumerate(files) if known.path == file.path), None)
    if place is None:
        files.append(file)
        return True
    known = files[place]
    is_alike = (file.text, file.owner, file.folder, file.globs) == (known.text, known.owner, known.folder, known.globs)
    if file.family in (known.family, *known.also) or not is_alike:
        return False
    files[place] = replace(known, also=known.also | {file.family})
    return True


def _rules_file(path: Path, text: str, family: Family, owner: Owner, root: Path, by: Path | None) -> RulesFile:
    head = read_front_matter(lines_of(text))
    return RulesFile(
        path=path,
        family=family,
        owner=owner,
        text=as_loaded(text, family),
        folder=_folder(path, root) if owner is Owner.PROJECT and by is None else ".",
        globs=_globs(head, family),
        imported_by=by,
        modified_at=path.stat().st_mtime_ns // 1000,
    )


def _folder(path: Path, root: Path) -> str:
    """Where the file applies: its own folder, or the one that holds `.claude`, `.cursor`, `.github`."""
    parts: list[str] = []
    for part in path.parent.relative_to(root).parts:
        if part in {".claude", ".cursor", ".github"}:
            break
        parts.append(part)
    return "/".join(parts) or "."


def _globs(head: FrontMatter, family: Family) -> tuple[str, ...]:
    """Nothing, where the rule says that it is for every file."""
    if head.text("alwaysApply").lower() == "true":
        return ()
    patterns = head.patterns(_PATTERNS[family]) if family in _PATTERNS else ()
    return () if set(patterns) & {"*", "**", "**/*"} else patterns


def _text(path: Path, found: Discovery) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"longer than {MAX_BYTES:,} bytes: no assistant takes in so much")
        if b"\0" in content:
            raise ValueError("binary, not text")
    except OSError as error:
        found.refused[path] = f"cannot be read: {error.strerror or error}"
        return None
    except ValueError as error:
        found.refused[path] = str(error)
        return None
    return content.decode("utf-8", "replace")

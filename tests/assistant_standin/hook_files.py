"""A project with the files that a hook reads, and a look at those that it writes."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from assessor.hooks.installation import install, make
from worker.errors import InvalidEvent
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_snapshot import HookSnapshot, SnapshotLearning, marks_of, write_snapshot
from worker.formats.hook_spool import SpoolRecord, read_spool_record

_SECOND = 1_000_000


@dataclass(frozen=True, kw_only=True)
class HookedProject:
    """`root` holds `.groove`; learnings are (id, text, chance), of a section where the id has a slash: `section/learning`."""

    root: Path
    home: Path

    @property
    def folder(self) -> HookFolder:
        return HookFolder(self.root / ".groove")

    @property
    def managed(self) -> Path:
        return self.root / ".groove" / "learnings.md"

    def install(self, scope: Scope = Scope.USER, parts: int = 1) -> None:
        make(install(ASSISTANTS["claude-code"], scope, self.root, Homes(home=self.home, environ={}), parts=parts))

    def snapshot(
        self,
        learnings: list[tuple[str, str, float]],
        *,
        version: str = "1-aa",
        age_seconds: float = 0,
        disabled: tuple[str, ...] = (),
    ) -> HookSnapshot:
        marks = marks_of(id_ for id_, _, _ in learnings)
        made = HookSnapshot(
            written_at=int((time.time() - age_seconds) * _SECOND),
            root=str(self.root),
            policy_version=version,
            salt="groove-ablation-1",
            learnings=tuple(
                SnapshotLearning(
                    id=id_,
                    mark=marks[id_],
                    epoch=1,
                    unit=id_.partition("/")[0],
                    text=text,
                    withhold_probability=0.0 if id_ in disabled else chance,
                    disabled=id_ in disabled,
                )
                for id_, text, chance in learnings
            ),
        )
        write_snapshot(self.folder.snapshot, made)
        return made

    def write_managed(self, learnings: list[tuple[str, str, float]]) -> None:
        lines, sections = ["# Learnings\n"], set()
        for id_, text, _ in learnings:
            section = id_.partition("/")[0] if "/" in id_ else ""
            if section and section not in sections:
                sections.add(section)
                lines.append(f"<!-- groove:section {section} -->\n## About {section}\n")
            lines.append(f"<!-- groove:learning {id_}{f' in {section}' if section else ''} -->\n{text}\n")
        self.managed.parent.mkdir(parents=True, exist_ok=True)
        self.managed.write_text("\n".join(lines))

    def spool(self) -> list[SpoolRecord]:
        """Every line, each of which must be whole."""
        return [read_spool_record(line) for line in self._lines()]

    def spool_lines(self) -> list[SpoolRecord]:
        """The lines that can be read: a fault may leave others."""
        found = []
        for line in self._lines():
            with contextlib.suppress(InvalidEvent):
                found.append(read_spool_record(line))
        return found

    def _lines(self) -> list[bytes]:
        path = self.folder.spool
        return [line for line in path.read_bytes().split(b"\n") if line] if path.exists() else []


def hooked_project(folder: Path) -> HookedProject:
    project = HookedProject(root=folder / "project", home=folder / "home")
    project.folder.path.mkdir(parents=True)
    project.home.mkdir()
    return project

"""Per assistant: where its settings lie, and the entries that call the hook on the start of a session or subagent and on an end."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

#: by which an entry is known as ours, in whatever settings file
HOOK_NAME = "groove_hook.py"


class Scope(StrEnum):
    #: in every project of the person
    USER = "user"
    #: in this project, for everybody who works in it
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True, slots=True)
class Homes:
    """Where a person's own files lie."""

    home: Path
    environ: Mapping[str, str]

    @property
    def hook(self) -> Path:
        """The hook's file, for all projects."""
        return Path(self.environ.get("XDG_DATA_HOME") or self.home / ".local" / "share") / "groove" / HOOK_NAME


@dataclass(frozen=True, kw_only=True, slots=True)
class Assistant:
    name: str
    #: the settings file with hooks, below the person's folder of the assistant and below a project
    user_file: str
    project_file: str
    #: variable and default name of the person's folder
    folder_variable: str
    folder: str
    #: the project's folder, as a shell finds it when the hook is called
    project_folder: str
    #: (event, which of its kinds, seconds)
    events: tuple[tuple[str, str | None, int], ...]
    #: what a person has to do after installing
    advice: str

    def settings(self, scope: Scope, project: Path, homes: Homes) -> Path:
        if scope is Scope.PROJECT:
            return project / self.project_file
        return Path(homes.environ.get(self.folder_variable) or homes.home / self.folder) / self.user_file

    def hook_file(self, scope: Scope, project: Path, homes: Homes) -> Path:
        return project / ".groove" / HOOK_NAME if scope is Scope.PROJECT else homes.hook

    def entries(self, scope: Scope, homes: Homes, *, parts: int = 1) -> dict[str, list[dict[str, Any]]]:
        """Event -> the groups of entries, one entry for each output that the learnings need."""
        hook = f"{self.project_folder}/.groove/{HOOK_NAME}" if scope is Scope.PROJECT else shlex.quote(str(homes.hook))
        return {
            event: [
                _group(kinds, [self._command(hook, scope, part, parts) for part in _numbers(event, parts)], seconds)
            ]
            for event, kinds, seconds in self.events
        }

    def _command(self, hook: str, scope: Scope, part: int, parts: int) -> str:
        """Silent and well where the file or Python is gone: a folder may move, an interpreter be removed."""
        share = f" {part}/{parts}" if parts > 1 else ""
        return f'f={hook}; [ -f "$f" ] && python3 -I -S "$f" {self.name} {scope}{share} 2>/dev/null || :'


def _numbers(event: str, parts: int) -> range:
    return range(1, 2 if event == "SessionEnd" else parts + 1)


def _group(kinds: str | None, commands: list[str], seconds: int) -> dict[str, Any]:
    hooks = [{"type": "command", "command": command, "timeout": seconds} for command in commands]
    return ({"matcher": kinds} if kinds else {}) | {"hooks": hooks}


ASSISTANTS: Mapping[str, Assistant] = {
    "claude-code": Assistant(
        name="claude-code",
        user_file="settings.json",
        project_file=".claude/settings.json",
        folder_variable="CLAUDE_CONFIG_DIR",
        folder=".claude",
        project_folder='"$CLAUDE_PROJECT_DIR"',
        events=(
            ("SessionStart", "startup|resume|clear|compact|fork", 5),
            ("SubagentStart", None, 5),
            ("SessionEnd", None, 5),
        ),
        advice="it takes effect in sessions that start from now on",
    ),
    "codex": Assistant(
        name="codex",
        user_file="hooks.json",
        project_file=".codex/hooks.json",
        folder_variable="CODEX_HOME",
        folder=".codex",
        project_folder='"$(git rev-parse --show-toplevel 2>/dev/null || pwd)"',
        # Codex gives a session's end 3 seconds, and warns where more is asked for
        events=(
            ("SessionStart", "startup|resume|clear|compact", 5),
            ("SubagentStart", None, 5),
            ("SessionEnd", None, 3),
        ),
        advice="Codex asks once whether it may run the hook: look at it with /hooks and trust it",
    ),
}

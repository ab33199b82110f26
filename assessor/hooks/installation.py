"""What installing the hook changes in an assistant's settings file, and the change made: as a whole, with a copy kept, or not at all."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from assessor.hooks import groove_hook
from assessor.hooks.assistants import HOOK_NAME, Assistant, Homes, Scope
from assessor.hooks.json_text import appended, read, without
from worker.errors import InvalidFile
from worker.formats.hook_snapshot import marks_of
from worker.system.files import written_whole

#: added to the name of the settings file: how it was before the hook came in
KEPT = ".before-groove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of one settings file; `before` is empty where none is there yet, `after` where none shall be left."""

    path: Path
    before: str
    after: str
    #: the hook's own file, and what shall stand in it; None: it goes
    hook: Path
    program: str | None

    @property
    def is_needed(self) -> bool:
        return self.before != self.after or _text(self.hook) != (self.program or "")


def learnings_given(project: Path) -> int:
    """Learnings of the project that the hook has to give out."""
    return sum(block["kind"] == "learning" for block in groove_hook.read_blocks(str(project), None))


def parts_needed(project: Path) -> int:
    """Outputs of the hook that hold all the project's learnings; 1 where there are none yet."""
    blocks = groove_hook.read_blocks(str(project), None)
    return groove_hook.parts_needed(
        blocks, list(marks_of(block["id"] for block in blocks if block["kind"] == "learning").values())
    )


def parts_installed(settings: Path) -> int:
    """Outputs that the settings ask for; 0 where the hook is not in them, or nobody can tell."""
    try:
        groups = _ours(read(_text(settings))).get("SessionStart", [])
    except InvalidFile:
        return 0
    return sum(HOOK_NAME in command for group in groups for command in _commands(group))


def program() -> str:
    """The hook's file of this release."""
    return files("assessor.hooks").joinpath(HOOK_NAME).read_text(encoding="utf-8")


def install(assistant: Assistant, scope: Scope, project: Path, homes: Homes, *, parts: int = 1) -> Change:
    """Raises `InvalidFile` where the settings are nothing that could be changed: then they are left alone."""
    path = assistant.settings(scope, project, homes)
    before = _text(path)
    entries = assistant.entries(scope, homes, parts=parts)
    after = before
    try:
        if not before.strip() or _ours(read(before)) != entries:
            after = before if before.strip() else "{}\n"
            for event, groups in entries.items():
                for group in groups:
                    after = appended(_cleaned(after, event), ["hooks", event], group)
            after = _without_others(after, set(entries))
    except InvalidFile as error:
        raise InvalidFile(f"{path}: {error}") from error
    hook = assistant.hook_file(scope, project, homes)
    return Change(path=path, before=before, after=after, hook=hook, program=program())


def uninstall(assistant: Assistant, scope: Scope, project: Path, homes: Homes, *, is_last: bool) -> Change:
    """`is_last`: no other assistant's settings name the hook's file. Raises `InvalidFile`."""
    path = assistant.settings(scope, project, homes)
    before = after = _text(path)
    try:
        if HOOK_NAME in before:
            after = _without_others(before, set())
            kept = _text(_kept(path))
            if after != before and _said(read(after)) == _said(read(kept) if kept.strip() else {}):
                after = kept  # as it was, down to the byte
            elif HOOK_NAME in kept and not _said(read(after)):
                after = ""  # the copy is of a time with the hook: nobody else has ever put anything in
    except InvalidFile as error:
        raise InvalidFile(f"{path}: {error}; to do it by hand, take out all that names {HOOK_NAME}") from error
    hook = assistant.hook_file(scope, project, homes)
    return Change(path=path, before=before, after=after, hook=hook, program=None if is_last else _text(hook))


def names_the_hook(path: Path) -> bool:
    return HOOK_NAME in _text(path)


def make(change: Change) -> None:
    """Raises `InvalidFile` when the settings are no longer those that the change was made for, or cannot be written."""
    try:
        for folder in (change.path.parent, change.hook.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with _locked(change.path.parent):
            if _text(change.path) != change.before:
                raise InvalidFile(f"{change.path}: somebody else has just changed it; nothing was done: try again")
            if change.program is not None and _text(change.hook) != change.program:
                _write(change.hook, change.program)
            if change.after != change.before:
                _change_settings(change)
            if change.program is None:
                change.hook.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidFile(f"{error.filename or change.path}: cannot be written: {error.strerror}") from error


def write_hook(path: Path) -> None:
    """The hook's own file, which whoever changes the settings by hand needs too. Raises `InvalidFile`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, program())
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be written: {error.strerror}") from error


def by_hand(assistant: Assistant, scope: Scope, homes: Homes, *, parts: int = 1) -> str:
    """What a person puts into settings that we leave alone."""
    return json.dumps({"hooks": assistant.entries(scope, homes, parts=parts)}, indent=2)


def _change_settings(change: Change) -> None:
    if change.path.exists() and not os.access(change.path, os.W_OK):
        raise InvalidFile(f"{change.path}: read-only; it was left alone")
    if not change.before:
        _kept(change.path).unlink(missing_ok=True)  # of another file, which is gone
    elif HOOK_NAME not in change.before:
        shutil.copy2(change.path, _kept(change.path))  # with its rights: settings may hold keys
    if change.after:
        _write(change.path, change.after)
    else:
        change.path.unlink(missing_ok=True)
    if change.after in ("", _text(_kept(change.path))):
        _kept(change.path).unlink(missing_ok=True)  # it says nothing that the settings do not


def _cleaned(text: str, event: str) -> str:
    """Without groups of ours; of a group that others share with us only our entry goes."""
    groups = read(text).get("hooks", {})
    if not isinstance(groups, dict):
        raise InvalidFile("hooks is no object")
    found = groups.get(event, [])
    for group in found if isinstance(found, list) else []:
        if _is_ours(group) and not _is_all_ours(group):
            raise InvalidFile(f"an entry of {event} stands among those of others: take it out first")
    return without(text, ["hooks", event], _is_all_ours) if found else text


def _without_others(text: str, wanted: set[str]) -> str:
    """Our entries of events that are not wanted go."""
    hooks = read(text).get("hooks", {})
    if not isinstance(hooks, dict):
        raise InvalidFile("hooks is no object")
    for event in [name for name in hooks if name not in wanted]:
        text = _cleaned(text, event)
    return text


def _said(settings: dict[str, Any]) -> dict[str, Any]:
    """Without lists of hooks that are empty, which say nothing and go when the last entry of ours does."""
    hooks = {event: groups for event, groups in settings.get("hooks", {}).items() if groups}
    return {name: value for name, value in settings.items() if name != "hooks"} | ({"hooks": hooks} if hooks else {})


def _ours(settings: dict[str, Any]) -> dict[str, list[Any]]:
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict):
        raise InvalidFile("hooks is no object")
    found = {
        event: [group for group in groups if _is_ours(group)]
        for event, groups in hooks.items()
        if isinstance(groups, list)
    }
    return {event: groups for event, groups in found.items() if groups}


def _is_ours(group: object) -> bool:
    return any(HOOK_NAME in command for command in _commands(group))


def _is_all_ours(group: object) -> bool:
    commands = _commands(group)
    return bool(commands) and all(HOOK_NAME in command for command in commands)


def _commands(group: object) -> list[str]:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return [str(hook.get("command", "")) for hook in hooks if isinstance(hook, dict)] if isinstance(hooks, list) else []


def _kept(path: Path) -> Path:
    return path.with_name(path.name + KEPT)


def _text(path: Path) -> str:
    """The file's text with its line ends as they are; empty where there is no file. Raises `InvalidFile`."""
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise InvalidFile(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: not text in UTF-8") from error


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.reconfigure(newline="")  # type: ignore[attr-defined]
        file.write(text)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One change at a time, without a file of its own; the kernel's lock goes with the process."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)

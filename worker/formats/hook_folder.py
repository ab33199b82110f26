"""Where the files of the hooks lie: the folder `hook` in a project's data folder, shared by the hook and the store's side.

A hook is a process of standard-library Python that may be killed at any moment; so no file here is ever half of something, except for
the last line of the spool.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HookFolder:
    """`data_dir`: the project's data folder, `.groove` unless set otherwise."""

    data_dir: Path

    @property
    def path(self) -> Path:
        return self.data_dir / "hook"

    @property
    def snapshot(self) -> Path:
        """What the hook decides by; replaced as a whole by the store's side (`hook_snapshot`)."""
        return self.path / "snapshot.json"

    @property
    def spool(self) -> Path:
        """What the hook did, one line each; renamed away as soon as somebody reads it (`hook_spool`)."""
        return self.path / "spool.jsonl"

    @property
    def off(self) -> Path:
        """While this file is there the hook does nothing."""
        return self.path / "off"

    def off_for(self, assistant: str) -> Path:
        """While this file is there that assistant's hook does nothing: the learnings stand in a rules file that it reads."""
        return self.path / f"off-{assistant}"

    @property
    def switchback(self) -> Path:
        """Rules files that are written anew for each period, and what they held when (`hook_switchback`)."""
        return self.path / "switchback.json"

    @property
    def managed(self) -> Path:
        """Which learnings stand in the managed file, and what is drawn together; written by the commands (`hook_managed`)."""
        return self.path / "managed.json"

    @property
    def draws(self) -> Path:
        """The hook's own memory: what it drew for each conversation, one small file each, so that a resumed one gets the same."""
        return self.path / "draws"

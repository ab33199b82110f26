"""Clocks of a stack's processes, to be set while they run: a small library before the system's, never the machine's own clock."""

import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: with clocks of their own; everybody else (the broker, commands) reads the first
PARTS = ("all", "worker-1", "worker-2", "store", "bridge")
_SOURCE = Path(__file__).with_suffix(".c")


def can_set_clocks() -> bool:
    return sys.platform == "linux" and shutil.which("cc") is not None


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """One small file a part in `folder`, mapped by every process of it: a change counts at once."""

    folder: Path

    def make(self) -> None:
        self.folder.mkdir(parents=True)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self._library, _SOURCE], check=True)
        for part in PARTS:
            (self.folder / part).write_bytes(struct.pack("q", 0))

    def set(self, seconds: int, parts: tuple[str, ...] = PARTS) -> None:
        """So far ahead of the machine's clock."""
        for part in parts:
            with (self.folder / part).open("r+b") as file:
                file.write(struct.pack("q", seconds))

    def environ(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "GROOVE_TEST_CLOCK": str(self.folder)}

    @property
    def _library(self) -> Path:
        return self.folder / "clock.so"

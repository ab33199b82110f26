"""A home folder made here: one repository with rules, and sessions in it of which some use a rule whose command does not exist."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from unit.transcripts.written import bash, lines, prompt, reply, result, text

RULES = "# Work here\n\n- Always prefix commands with `rtk`\n- Prefer small functions\n- Never edit generated files\n"
UNKNOWN = "error: unrecognized subcommand 'run'"


@dataclass(frozen=True, kw_only=True)
class Home:
    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "w" / "demo"

    @property
    def sessions(self) -> Path:
        return self.folder / ".claude" / "projects" / "-w-demo"

    def write(self, name: str, data: bytes, folder: Path | None = None) -> Path:
        path = (folder or self.sessions) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


def make_home(folder: Path, sessions: int = 3) -> Home:
    home = Home(folder=folder)
    home.project.mkdir(parents=True)
    (home.project / "CLAUDE.md").write_text(RULES)
    git(home.project, "init", "-q", "-b", "main")
    git(home.project, "add", ".")
    git(home.project, "commit", "-qm", "rules", at="2026-09-01T00:00:00Z")
    for number in range(sessions):
        home.write(f"s{number}.jsonl", told(home, f"s{number}", uses=number != sessions - 1))
    return home


def told(home: Home, name: str, *, uses: bool = True, cwd: Path | None = None, turns: int = 1) -> bytes:
    """A session that runs its checks; `uses`: with the prefix, which fails."""
    where = {"sessionId": name, "cwd": str(cwd or home.project)}
    command = "rtk bun run check" if uses else "bun run check"
    entries = []
    for turn in range(turns):
        ids = [f"{name}-{turn}-{each}" for each in "abcd"]
        before = f"{name}-{turn - 1}-d" if turn else None
        answer = UNKNOWN if uses else "all green"
        entries += [
            prompt(ids[0], before, f"fix issue {turn} of {name}", 0, **where),
            reply(ids[1], ids[0], bash(f"t{turn}", command), second=1, **where),
            result(ids[2], ids[1], f"t{turn}", f"Exit code {2 if uses else 0}\n{answer}", 2, is_error=uses, **where),
            reply(ids[3], ids[2], text("Done."), second=3, **where),
        ]
    return lines(*entries)


def git(folder: Path, *arguments: str, at: str = "2026-10-01T00:00:00Z") -> None:
    who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in _WHO.items()}
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **who, **dates}, check=True, capture_output=True)


_WHO = {"NAME": "Kim", "EMAIL": "kim@example.org"}

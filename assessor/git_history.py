"""What a repository says about one file at one moment: asked of the git program, nothing is fetched and nothing written.

Merges are followed along the first parent: a change counts on a branch from its merge on. A squash or a rebase moves changes
to a later moment, so what git says is marked as coming from git.
"""

import os
import subprocess
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from worker.system.clock import SECOND

_TIMEOUT_SECONDS = 30
_OBJECT_HEAD = 3
_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMoment:
    #: None: the file was not there yet, or no longer
    text: str | None
    #: the commit that made it so; None before the first one
    commit: str | None


@dataclass(kw_only=True, slots=True)
class GitHistory:
    """Answers None where git does not know: no repository, a file that it does not track, a moment before a shallow clone begins.

    What was asked once is kept: a commit that comes meanwhile is seen by the next one.
    """

    repository: Path
    _logs: dict[tuple[str, str | None], list[tuple[int, str]]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _refs: dict[str, str | None] = field(default_factory=dict)
    _shallow: bool | None = None

    def at(self, path: str, moment: int, branch: str | None) -> AtMoment | None:
        """`path` from the top of the repository; `moment` in microseconds; `branch` as the session knew it, or what is checked out."""
        ref = self._ref(branch or "")
        changes = self._log(ref, path) if ref else []
        place = bisect_right(changes, (moment // SECOND, "\x7f"))
        if not changes or (place == 0 and self._is_shallow()):
            return None
        if place == 0:
            return AtMoment(text=None, commit=None)
        commit = changes[place - 1][1]
        text = self.texts(commit, [path])[path]
        if text is None and self.lacks(commit, [path]):
            return None
        return AtMoment(text=text, commit=commit)

    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, str | None]:
        """File contents at a commit, asked in one call; None for a file that the commit lacks."""
        wanted = list(dict.fromkeys(paths))
        missing = [path for path in wanted if (commit, path) not in self._texts and "\n" not in path]
        if missing:
            asked = "".join(f"{commit}:{path}\n" for path in missing).encode("utf-8", "replace")
            found = _blobs(self._run("cat-file", "--batch", given=asked) or b"", len(missing))
            self._texts |= {(commit, path): text for path, text in zip(missing, found, strict=True)}
        return {path: self._texts.get((commit, path)) for path in wanted}

    def lacks(self, commit: str, paths: Iterable[str]) -> bool:
        """Whether the commit has one of these files, but the repository not its text: a partial clone."""
        wanted = [f":(top,literal){path}" for path in paths]
        return bool(wanted) and bool(self._ask("ls-tree", "--full-tree", "--name-only", commit, "--", *wanted))

    def newest_before(self, moment: int, branch: str | None) -> tuple[str, int] | None:
        """The branch's newest commit at that moment, and its time."""
        ref = self._ref(branch or "")
        commits = self._log(ref, None) if ref else []
        place = bisect_right(commits, (moment // SECOND, "\x7f"))
        return (commits[place - 1][1], commits[place - 1][0] * SECOND) if place else None

    def top(self) -> Path | None:
        """The folder that paths start from; None without a work tree."""
        line = self._ask("rev-parse", "--show-toplevel")
        return Path(line.strip()) if line and line.strip() else None

    def _log(self, ref: str, path: str | None) -> list[tuple[int, str]]:
        """(seconds, commit) of each change of the file, or of anything, oldest first."""
        if (ref, path) not in self._logs:
            of_file = ["--", f":(top,literal){path}"] if path is not None else []
            lines = self._ask("log", "--first-parent", "--format=%ct %H", ref, *of_file) or ""
            pairs = [line.split() for line in lines.splitlines()]
            self._logs[ref, path] = _in_order([(int(seconds), commit) for seconds, commit in reversed(pairs)])
        return self._logs[ref, path]

    def _ref(self, branch: str) -> str | None:
        """The branch itself, then the remote's; a branch that is gone was merged or thrown away: what is checked out stands in."""
        if branch not in self._refs:
            names = [f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"] if branch not in {"", "HEAD"} else []
            known = (self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in (*names, "HEAD"))
            self._refs[branch] = next((commit.strip() for commit in known if commit and commit.strip()), None)
        return self._refs[branch]

    def _is_shallow(self) -> bool:
        if self._shallow is None:
            self._shallow = (self._ask("rev-parse", "--is-shallow-repository") or "").strip() == "true"
        return self._shallow

    def _ask(self, *arguments: str) -> str | None:
        answer = self._run(*arguments)
        return None if answer is None else answer.decode("utf-8", "replace")

    def _run(self, *arguments: str, given: bytes = b"") -> bytes | None:
        """None where git is not there, refuses, or takes too long."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self.repository), *arguments],
                input=given,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_SECONDS,
                env=os.environ | _ENVIRONMENT,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


def _blobs(answer: bytes, count: int) -> list[str | None]:
    """What `git cat-file --batch` wrote for so many names: `id kind SIZE`, the bytes; or a line that says what is wrong."""
    found: list[str | None] = []
    place = 0
    while len(found) < count and (end := answer.find(b"\n", place)) >= 0:
        head, place = answer[place:end].split(), end + 1
        if len(head) == _OBJECT_HEAD and head[2].isdigit():
            size = int(head[2])
            text = answer[place : place + size].decode("utf-8", "replace")
            found.append(text if head[1] == b"blob" else None)
            place += size + 1
        else:
            found.append(None)
    return found + [None] * (count - len(found))


def _in_order(changes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Clocks of several machines disagree: a change is never older than the one it builds on."""
    latest, ordered = 0, []
    for seconds, commit in changes:
        latest = max(latest, seconds)
        ordered.append((latest, commit))
    return ordered

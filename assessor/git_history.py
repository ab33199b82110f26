"""What a repository says about one file at one moment: asked of the git program, nothing is fetched and nothing written.

Merges are followed along the first parent: a change counts on a branch from its merge on. A squash or a rebase moves changes
to a later moment, so what git says is marked as coming from git.
"""

import os
import subprocess
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from worker.system.clock import SECOND

_TIMEOUT_SECONDS = 30
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
    _logs: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
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
        return AtMoment(text=self.text(path, commit), commit=commit)

    def text(self, path: str, commit: str) -> str | None:
        key = (commit, path)
        if key not in self._texts:
            self._texts[key] = self._ask("cat-file", "blob", f"{commit}:{path}")
        return self._texts[key]

    def newest_before(self, moment: int, branch: str | None) -> tuple[str, int] | None:
        """The branch's newest commit at that moment, and its time."""
        ref = self._ref(branch or "")
        before = f"--before={moment // SECOND}"
        line = self._ask("log", "-1", "--first-parent", before, "--format=%H %ct", ref) if ref else None
        if not line or not line.strip():
            return None
        commit, seconds = line.split()
        return commit, int(seconds) * SECOND

    def last_commit_at(self, branch: str | None) -> int | None:
        ref = self._ref(branch or "")
        line = self._ask("log", "-1", "--format=%ct", ref) if ref else None
        return int(line) * SECOND if line and line.strip() else None

    def top(self) -> Path | None:
        """The folder that paths start from; None without a work tree."""
        line = self._ask("rev-parse", "--show-toplevel")
        return Path(line.strip()) if line and line.strip() else None

    def _log(self, ref: str, path: str) -> list[tuple[int, str]]:
        """(seconds, commit) of each change, oldest first."""
        if (ref, path) not in self._logs:
            lines = self._ask("log", "--first-parent", "--format=%ct %H", ref, "--", f":(top,literal){path}") or ""
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
        """None where git is not there, refuses, or takes too long."""
        try:
            done = subprocess.run(
                ["git", "-C", str(self.repository), *arguments],
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_SECONDS,
                env=os.environ | _ENVIRONMENT,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _in_order(changes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Clocks of several machines disagree: a change is never older than the one it builds on."""
    latest, ordered = 0, []
    for seconds, commit in changes:
        latest = max(latest, seconds)
        ordered.append((latest, commit))
    return ordered

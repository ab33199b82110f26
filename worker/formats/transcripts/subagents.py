"""What subagents did, folded into the session that started them: Claude Code keeps each one's lines in a file of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from worker.errors import GrooveError
from worker.formats.transcripts.renumber import Pick, assemble, picks_of
from worker.formats.transcripts.session import Harness, ReadSession

#: files of subagents that are folded into one session; the rest is counted
MAX_FILES = 1000
_FAILED = "subagent's file that cannot be read"


def fold_in_files(session: ReadSession, path: Path, *, read: Callable[[Path], ReadSession]) -> ReadSession:
    """The session in `path` with what its subagents' files hold."""
    found = files_beside(path) if session.harness is Harness.CLAUDE_CODE else ()
    subagents: list[ReadSession] = []
    skipped = dict(session.skipped)
    for file in islice(found, MAX_FILES):
        try:
            subagents.append(read(file))
        except GrooveError:
            skipped[_FAILED] = skipped.get(_FAILED, 0) + 1
    return fold(replace(session, skipped=skipped), subagents)


def files_beside(path: Path) -> Iterator[Path]:
    """What stands in `<stem>/subagents/**/agent-*.jsonl` beside a session's file; links are not followed."""
    folder = path.with_suffix("") / "subagents"
    if folder.is_dir() and not folder.is_symlink():
        yield from (file for file in sorted(folder.rglob("agent-*.jsonl")) if file.is_file() and not file.is_symlink())


def fold(session: ReadSession, subagents: list[ReadSession]) -> ReadSession:
    """Each subagent's messages stand together, before the first message of the session that is later than its beginning."""
    known = set(session.line_ids) - {""}
    waiting = sorted(
        (subagent for subagent in subagents if known.isdisjoint(subagent.line_ids)),
        key=lambda subagent: (subagent.started_at or 0, subagent.session_id),
    )
    picks: list[Pick] = []
    for idx, time in enumerate(session.times):
        while waiting and idx and time is not None and (waiting[0].started_at or 0) < time:
            picks += _all_of(waiting.pop(0))
        picks.append(Pick(session, idx))
    for subagent in waiting:
        picks += _all_of(subagent)
    return assemble(session, picks) if subagents else session


def _all_of(subagent: ReadSession) -> list[Pick]:
    return picks_of(subagent, range(len(subagent.transcript.messages)), subagent=subagent.session_id)

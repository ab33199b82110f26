"""What is left of a session's edits some time later: the share of its lines that the branch still holds."""

from collections import Counter
from pathlib import PurePath, PurePosixPath

from assessor.calls import calls_of
from assessor.git_history import GitHistory
from worker.formats.transcripts.session import ReadSession
from worker.system.clock import DAY

#: days after a session at which its lines are looked up; each look is an account of the session that replaces the one before
LOOKS = (7, 30)
#: characters; shorter lines (braces, `else:`) stand everywhere
_TELLING = 8


def edited_lines(session: ReadSession) -> dict[str, Counter[str]]:
    """Per path, relative to the session's folder, the lines that its edits left behind at their end."""
    lines: dict[str, Counter[str]] = {}
    for call in calls_of(session):
        path = call.edited_path
        if path is None or not call.was_carried_out or call.failed:
            continue
        inside = _inside(path, session.cwd)
        given = call.block.input or {}
        several = given.get("edits")
        for edit in several if isinstance(several, list) else [given]:
            if inside and isinstance(edit, dict):
                mine = lines.setdefault(inside, Counter())
                mine.subtract(_telling(edit.get("old_string", edit.get("old_str"))) & +mine)
                mine.update(_telling(edit.get("new_string", edit.get("new_str", edit.get("content")))))
    return {path: +counts for path, counts in lines.items() if +counts}


def survival(session: ReadSession, history: GitHistory, *, days: int, now: int, below_top: str = ".") -> float | None:
    """In [0, 1]; None where nothing was edited, the time has not come, or the repository knows nothing of that time.

    `below_top`: the session's folder from the top of the repository.
    """
    lines, ended = edited_lines(session), session.ended_at
    if not lines or ended is None or now < ended + days * DAY:
        return None
    at = history.newest_before(ended + days * DAY, session.branch)
    if at is None or at[1] < ended:
        return None  # no commit since: what became of the lines was never recorded here
    total = sum(counts.total() for counts in lines.values())
    places = {path: str(PurePosixPath(below_top, path)) for path in lines}
    texts = history.texts(at[0], places.values())
    if history.lacks(at[0], [place for place, text in texts.items() if text is None]):
        return None
    left = sum(_left(counts, texts[places[path]]) for path, counts in lines.items())
    return left / total


def _left(wanted: Counter[str], text: str | None) -> int:
    return (wanted & _telling(text)).total()


def _telling(text: object) -> Counter[str]:
    lines = (line.strip() for line in text.splitlines()) if isinstance(text, str) else ()
    return Counter(line for line in lines if len(line) >= _TELLING)


def _inside(path: str, folder: str | None) -> str | None:
    if not PurePath(path).is_absolute():
        return path
    return PurePath(path).relative_to(folder).as_posix() if folder and PurePath(path).is_relative_to(folder) else None

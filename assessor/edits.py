"""Edits of rules files inside transcripts: they tell when a file changed where git is silent."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from assessor.calls import calls_of
from worker.formats.transcripts.session import ReadSession
from worker.system.clock import SECOND

#: between the time of an edit in the transcript and the one of the file
_SLACK = 5 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Edit:
    at: int
    #: None: the whole file was written, and what stood there before is not known
    old: str | None
    new: str


@dataclass(kw_only=True, slots=True)
class EditLog:
    """Per path the edits of all sessions that were read."""

    edits: dict[str, set[Edit]] = field(default_factory=dict)

    def learn(self, session: ReadSession, names: Iterable[str]) -> None:
        """`names` are file names worth keeping: those of rules files."""
        wanted = frozenset(names)
        for call in calls_of(session):
            path = call.edited_path
            if path is None or PurePath(path).name not in wanted or not call.was_carried_out or call.failed:
                continue
            if (at := _time(session, call.message_idx)) is not None:
                self.edits.setdefault(path, set()).update(_edits(call.block.input or {}, at))

    def text_at(self, path: str, moment: int, present: str, modified_at: int) -> str | None:
        """The file's text as it was: the present one with the later edits undone; None where they do not explain it."""
        later = sorted((edit for edit in self.edits.get(path, ()) if edit.at > moment), reverse=True)
        if not later or modified_at > later[0].at + _SLACK:
            return None
        text = present
        for edit in later:
            if edit.old is None or text.count(edit.new) != 1:
                return None
            text = text.replace(edit.new, edit.old)
        return text


def _time(session: ReadSession, message_idx: int) -> int | None:
    return session.times[message_idx] if message_idx < len(session.times) else None


def _edits(given: dict[str, object], at: int) -> Iterable[Edit]:
    several = given.get("edits")
    for one in several if isinstance(several, list) else [given]:
        if isinstance(one, dict) and isinstance(new := one.get("new_string", one.get("content")), str):
            old = one.get("old_string")
            yield Edit(at=at, old=old if isinstance(old, str) else None, new=new)

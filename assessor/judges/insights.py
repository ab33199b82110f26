"""What Claude Code's /insights wrote down of a session: files that exist are read, nothing is asked."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from assessor.judges.judgement import Judgement
from worker.errors import InvalidEvent, InvalidFile
from worker.formats.transcripts.session import ReadSession
from worker.formats.wire import Incoming, read_json_object, validated

#: None: it could not tell
_VALUES = {
    "fully_achieved": 1.0,
    "mostly_achieved": 0.5,
    "partially_achieved": 0.0,
    "not_achieved": -1.0,
    "unclear": None,
    "unclear_from_transcript": None,
}
_MOST_BYTES = 1 << 20


class _Facet(Incoming):
    outcome: str = Field(max_length=100)


class Insights:
    name = "insights"
    is_asked_once = False

    def __init__(self, folder: Path) -> None:
        """`folder` is that of Claude Code; one without facets gives no judgement."""
        # listed, not opened by name: an id is anybody's text
        self._files = {path.stem: path for path in (folder / "usage-data" / "facets").glob("*.json")}

    def judge(self, session_id: str, read: Callable[[], ReadSession]) -> Judgement | None:
        path = self._files.get(session_id)
        if path is None:
            return None
        outcome = _facet(path).outcome
        if outcome not in _VALUES:
            raise InvalidFile(f"{path}: unknown outcome {outcome!r}: this facet is not used")
        return Judgement(value=_VALUES[outcome], says=outcome)


def _facet(path: Path) -> _Facet:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise InvalidFile(f"{path}: not a file of at most {_MOST_BYTES} bytes: this facet is not used")
        return validated(_Facet, read_json_object(path.read_bytes()))
    except (OSError, InvalidEvent) as error:
        raise InvalidFile(f"{path}: not a facet of /insights, it is not used: {error}") from error

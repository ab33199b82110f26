"""What a judge says of one session, and what a judge is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from worker.formats.transcripts.session import ReadSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    #: in [−1, 1]; None: the judge cannot tell
    value: float | None
    #: in the judge's own words
    says: str


class Judge(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def is_asked_once(self) -> bool:
        """Whether an answer costs something: it is kept then, and the same content is not asked about again."""

    def judge(self, session_id: str, read: Callable[[], ReadSession]) -> Judgement | None:
        """None: it knows nothing of this session. Raises `GrooveError` where it gave no answer that can be used."""

"""What came of a change: of an import, of lines taken back, of something forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain import Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    new: tuple[str, ...] = ()
    #: content or category differs from what was stored: a new epoch began
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoneTogether:
    """What came of taking back several learnings' lines."""

    decisions: tuple[Decision, ...]
    #: learning -> why its line stands
    refused: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenFromStore:
    """What went with a session or a learning."""

    learnings: int = 0
    records: int = 0
    assignments: int = 0
    #: of a learning: gone; of a session: lines of learnings' histories that no longer name it
    decisions: int = 0

"""The chance that each learning is withheld next: by its own draw, or by its section's (statistics.md 2 and 8)."""

from typing import NamedTuple

from worker.domain import LearningStatus
from worker.store.cozo.memory import Memory
from worker.store.cozo.rows import ValueRow

_NEVER_INJECTED = frozenset({LearningStatus.DISABLED, LearningStatus.DEPRECATED})


class Chance(NamedTuple):
    """One learning's line of a policy."""

    epoch: int
    #: what is drawn: the learning itself, or the section that it goes together with
    unit: str
    #: in [0, 1], rounded to 6 decimals; 0 for one that is excluded
    probability: float
    #: it, or its section, is disabled or deprecated: never injected
    is_excluded: bool


def chance_of(memory: Memory, learning_id: str) -> Chance:
    """From cached values, brought up to date whenever a session finishes or a person decides."""
    value = memory.values[learning_id]
    section = memory.histories[learning_id].standing.drawn_with
    drawn = memory.values[section] if section else value
    if is_excluded(value) or is_excluded(drawn):
        return Chance(value.epoch, drawn.learning_id, 0.0, True)
    return Chance(value.epoch, drawn.learning_id, round(drawn.next_withhold_probability, 6), False)


def why_excluded(memory: Memory, learning_id: str) -> str:
    """Why a learning is excluded: its own status, else its section's."""
    value = memory.values[learning_id]
    if is_excluded(value):
        return _told(value)
    section = memory.values[memory.histories[learning_id].standing.drawn_with]
    return f"its section {section.learning_id} is {_told(section)}"


def is_excluded(value: ValueRow) -> bool:
    """Disabled or deprecated, as it stands now."""
    return value.status in _NEVER_INJECTED


def _told(value: ValueRow) -> str:
    return f"{value.status}: {value.status_reason}" if value.status_reason else value.status

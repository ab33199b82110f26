"""A learning's history, line by line."""

from dataclasses import dataclass, field
from enum import StrEnum

from worker.domain.session import SessionVersion


class DecisionKind(StrEnum):
    """What a line of the decision log says happened."""

    IMPORTED = "imported"
    EDITED = "edited"
    ENABLED = "enabled"
    DISABLED = "disabled"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    TRIED = "tried"
    TRIAL_ENDED = "trial_ended"
    DEPRECATED = "deprecated"
    REACTIVATED = "reactivated"
    #: takes another line back: what that one changed is as it was before it
    UNDONE = "undone"
    #: from now on drawn with a section, or by itself again
    GROUPED = "grouped"
    UNGROUPED = "ungrouped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One line of a learning's append-only history."""

    learning_id: str
    #: 1, 2, 3 … per learning
    number: int
    timestamp: int
    kind: DecisionKind
    #: "rule", or the person's name
    actor: str
    reason: str
    #: the epoch in force after it, and since when
    epoch: int
    epoch_started_at: int
    #: the numbers it rested on: estimated_value, confidence, session_count …
    numbers: dict[str, float] = field(default_factory=dict)
    #: the session whose records caused it; empty for a person's decision
    session_id: str = ""
    version: SessionVersion | None = None
    #: of kind "undone": the number of the line that it takes back
    undoes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What people have decided about a learning, folded from its decision log: the part of its status that no sum can say."""

    learning_id: str
    is_disabled: bool = False
    #: the person's reason for `is_disabled`
    reason: str = ""
    #: never deprecated, but still measured and withheld by the experiment
    is_pinned: bool = False
    #: randomised at `suspect_rate` until its verdict is no longer undecided
    on_trial: bool = False
    #: counts from 1; a new one begins when the content is edited or a person enables it: older records no longer count. An undo brings the
    #: one before back, and its records count again
    epoch: int = 1
    epoch_started_at: int = 0
    #: the section that it is injected or withheld together with: a learning of its own, which has the verdict; empty: none
    drawn_with: str = ""

"""What a look at the stored numbers finds: sums against records, the outlook, sessions read again."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SumDifference:
    """One number that the stored sums and the records do not agree on; there must be none."""

    #: empty for the global row
    learning_id: str
    name: str
    stored: str
    recomputed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What a look at stored sums, against the records they were made of, has found."""

    differences: list[SumDifference]
    #: learnings that were looked at, and all with sums
    looked_at: int
    of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlookStatus:
    """What is made of how sessions were to be expected to end."""

    #: as it is set: "folds", "past" or "off"
    mode: str
    #: in force; 0: outcomes count as they are
    models: int
    #: 1 − Σr² / Σy² over the experiments' records at the last refresh; null before any; at 0 or below no model is in force
    explained: float | None
    sessions: int
    #: of these, sessions of which anything is known as a whole: the models are fitted on them
    sessions_with_background: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What layer 1 says of one record when the session is read again under other settings."""

    learning_id: str
    session_id: str
    activation_confidence: float
    was_activated: bool
    activation_points: tuple[int, ...] = ()

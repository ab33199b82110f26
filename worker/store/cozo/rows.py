"""A relation's row with its columns named: made from what a query answers (`RecordRow(*row)`), and written as it is.

The columns stand in the order of `queries.cozo`, which a test compares. Times are microseconds since 1970 UTC.
"""

from typing import NamedTuple


class LearningRow(NamedTuple):
    learning_id: str
    category: str
    description: str
    insight: str
    pattern: str | None
    scope_json: str
    confidence: float
    created_at: int
    updated_at: int
    source_json: str


class FormerTextRow(NamedTuple):
    """The text that an edit replaced: in force until the end of this epoch."""

    learning_id: str
    epoch: int
    category: str
    description: str
    insight: str
    pattern: str | None


class StandingRow(NamedTuple):
    learning_id: str
    is_disabled: bool
    reason: str
    is_pinned: bool
    on_trial: bool
    epoch_starts: list[int]
    decisions: int
    status: str


class ReturnRow(NamedTuple):
    """What an undo left: the epoch in force after it, and since when."""

    learning_id: str
    number: int
    epoch: int
    epoch_started_at: int


class DecisionRow(NamedTuple):
    learning_id: str
    number: int
    decided_at: int
    kind: str
    actor: str
    reason: str
    epoch: int
    epoch_started_at: int
    numbers_json: str
    #: empty where no session carries the line; then the version is empty too
    session_id: str
    version_timestamp: int
    event_id: str
    attempt: int


class SessionRow(NamedTuple):
    session_id: str
    timestamp: int
    event_id: str
    attempt: int
    is_finished: bool


class AssignmentRow(NamedTuple):
    session_id: str
    learning_id: str
    withhold_probability: float
    was_withheld: bool
    epoch: int
    decision: str
    reason: str
    assigned_at: int


class PolicyLineRow(NamedTuple):
    learning_id: str
    number: int
    epoch: int
    unit_id: str
    withhold_probability: float
    is_excluded: bool


class RecordRow(NamedTuple):
    learning_id: str
    session_id: str
    timestamp: int
    was_activated: bool
    activation_confidence: float
    activation_signals_json: str
    temporal_positive: float
    temporal_negative: float
    net_temporal: float
    was_withheld: bool
    session_outcome: float
    attributed_value: float
    withhold_probability: float
    epoch: int
    contaminated: bool
    assignment_mismatch: bool
    #: −timestamp
    newest_first: int
    version_timestamp: int
    event_id: str
    attempt: int
    #: from a relation of its own; empty in rows that were read without it
    detail_json: str = ""


class SummedRow(NamedTuple):
    """What of a record goes into the sums."""

    learning_id: str
    session_id: str
    epoch: int
    timestamp: int
    was_activated: bool
    activation_confidence: float
    was_withheld: bool
    session_outcome: float
    attributed_value: float
    withhold_probability: float
    contaminated: bool
    assignment_mismatch: bool


class OutcomeRow(NamedTuple):
    timestamp: int
    session_id: str
    was_withheld: bool
    epoch: int
    withhold_probability: float
    session_outcome: float


class TemporalRow(NamedTuple):
    """Exact sums; those that may pass 2^63 are decimal strings."""

    n_act: int
    a: str
    ab: str
    a2: str
    a2b: str
    a2b2: str


class SumsRow(NamedTuple):
    learning_id: str
    epoch: int
    n_records: int
    n_injected: int
    n_contaminated: int
    n_mismatched: int
    n_act: int
    a: str
    ab: str
    a2: str
    a2b: str
    a2b2: str
    first_at: int
    newest_at: int


class ArmRow(NamedTuple):
    learning_id: str
    epoch: int
    was_withheld: bool
    p_micro: int
    outcome_milli: int
    records: int
    activated: int


class ArmSumsRow(NamedTuple):
    """The sums of one arm, outcomes less what was to be expected; exact, in decimal strings."""

    learning_id: str
    epoch: int
    was_withheld: bool
    records: int
    w: str
    w2: str
    wr: str
    w2r: str
    w2r2: str


class DesignRow(NamedTuple):
    """What the models see of a session."""

    session_id: str
    timestamp: int
    #: None: nobody asked for it yet; False: nobody can tell
    has_background: bool | None
    levels_json: str
    outcome_milli: int | None
    sampling_probability: float
    #: of each record 16 bytes
    records: bytes


class ModelRow(NamedTuple):
    key: int
    mean: int
    coefficients_json: str


class OutlookRow(NamedTuple):
    mode: str
    salt: str
    explained: float | None


class FleetRow(NamedTuple):
    variance: float
    tested: int
    removable: int


class ValueRow(NamedTuple):
    learning_id: str
    estimated_value: float
    confidence: float
    session_count: int
    activation_rate: float
    temporal_value: float
    temporal_confidence: float
    ablation_value: float | None
    ablation_confidence: float | None
    status: str
    updated_at: int
    status_reason: str | None
    verdict: str
    sessions_needed: int | None
    next_withhold_probability: float
    pinned: bool
    epoch: int


class ExperimentRow(NamedTuple):
    learning_id: str
    started_at: int
    #: `[]`: reading an experiment fills both from the records
    sessions_with_json: str
    sessions_without_json: str
    marginal_value: float | None
    confidence: float | None
    is_significant: bool | None

"""The seam to the store: what the system remembers about learnings, sessions and what they say about each other.

SessionStore      what workers need for a session's way; served to them over HTTP
AttributionStore  everything, for the store server, which owns the database; others ask its public API

All methods raise `StoreUnavailable` when the store cannot be reached, and `NotFound` for ids that nobody has heard of.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from worker.domain import (
    AblationExperiment,
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningValue,
    SessionBackground,
    SessionVersion,
)
from worker.layers.aggregation.breakdown import GroupEffect
from worker.layers.aggregation.explain import Explanation
from worker.settings.layers import LayerParameters
from worker.store.shapes.assignments import (
    AssignmentAnswer,
    MadeDecision,
    PublishedPolicy,
    TakenDecision,
)
from worker.store.shapes.attempts import FinishedSession, OpenedSession
from worker.store.shapes.changes import ForgottenFromStore, ImportReport, UndoneTogether
from worker.store.shapes.health import LearningHealth
from worker.store.shapes.sections import Section
from worker.store.shapes.upkeep import OutlookStatus, Proof, Reading, SumDifference

if TYPE_CHECKING:
    from worker.store.views import Views


class SessionStore(Protocol):
    """A session's way through the store."""

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        """Take note that this version is being worked on. Raises `Superseded` when a newer one is known."""
        ...

    def get_session_version(self, session_id: str) -> SessionVersion:
        """The newest version that anybody has spoken of."""
        ...

    def finish_session(
        self, session_id: str, version: SessionVersion, *, records: list[AttributionRecord]
    ) -> FinishedSession:
        """A whole session in one transaction: its records in, those of older versions out, the values it touched up to date.

        A session counts with all its learnings or not at all. A change of status is written to the decision log in that transaction, with
        this version. Idempotent per version. Raises `Superseded` for an older version, `ValueError` for NaN or infinity.
        """
        ...

    def close(self) -> None: ...


class AttributionStore(SessionStore, Protocol):
    """All of it. `store_attribution`, `update_learning_value`, `get_experiment` and `update_experiment` are promised to whoever
    works with records one at a time; the pipeline itself finishes whole sessions.
    """

    # -- learnings and people's decisions

    def import_learnings(self, learnings: list[Learning], *, actor: str, now: int) -> ImportReport:
        """Add or replace by id; an edit of category or content begins a new epoch, importing the same again changes nothing."""
        ...

    def get_learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        """The known ones among them."""
        ...

    def list_learnings(self) -> list[Learning]: ...

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str, now: int) -> Decision:
        """A person disables, enables, pins, unpins or tries a learning; appended to its decision log, in force at once."""
        ...

    def decide_together(
        self, learning_ids: Sequence[str], kind: DecisionKind, *, actor: str, reason: str, now: int
    ) -> list[Decision]:
        """One decision about several learnings, in one transaction, in their order; about all of them or, where one is unknown, none."""
        ...

    def undo(self, learning_id: str, *, number: int | None, actor: str, reason: str, now: int) -> Decision:
        """Take back a person's line, or the newest of them: what it changed is as before, also the epoch and the evidence that counts.

        -> the line "undone" in the log; the one that stands there already where it was taken back before. An undo may be undone by
        its number. Raises `CannotUndo` where there is nothing to take back, for a line that no person decided, and where something
        else was decided since; `NotFound` for a line that is not there.
        """
        ...

    def undo_together(self, lines: Mapping[str, int | None], *, actor: str, reason: str, now: int) -> UndoneTogether:
        """Take back one line of each of these learnings (None: the newest that a person wrote), in one transaction.

        What cannot be undone stays as it is and is named. Raises `NotFound` for a learning or line that is not there; then nothing
        changes.
        """
        ...

    def get_decisions(self, learning_id: str) -> list[Decision]:
        """A learning's whole history, oldest first."""
        ...

    # -- assignment

    def assign(
        self, session_id: str, learning_ids: list[str], *, now: int, conversation_id: str = ""
    ) -> list[AssignmentAnswer]:
        """Inject or withhold, decided by hash and logged once: asking again gives the logged answer.

        Of a session that was forgotten nothing is logged. A learning that is disabled or deprecated by now is `excluded` whatever was
        logged, and one that was excluded and no longer is `inject` at the chance 0; the log keeps what it says. Sessions of one
        `conversation_id` (empty: the session's own id) share one draw.
        """
        ...

    def publish_policy(self, learning_ids: list[str], *, now: int) -> PublishedPolicy:
        """What to decide by elsewhere, for the known ones among these; its version stays known for good."""
        ...

    def take_decisions(self, decisions: list[MadeDecision], *, now: int) -> list[TakenDecision]:
        """Log what was decided elsewhere, in the same order; the same again is known. What its policy does not say is refused."""
        ...

    def draw_together(self, sections: Mapping[str, str | None], *, actor: str, now: int) -> list[str]:
        """Learning -> the section whose draw it takes from now on, None: its own -> those that changed.

        Raises `ValueError` where a section would stand in a section.
        """
        ...

    def list_sections(self, *, of: str = "") -> list[Section]:
        """The sections that learnings are drawn with, by id; with `of` the one that this learning is, or stands in."""
        ...

    # -- attribution

    def store_attribution(self, record: AttributionRecord, version: SessionVersion) -> None:
        """Upsert by (learning, session): the old record's contribution out of the sums, the new one's in, one transaction.

        Storing the same again changes nothing. Raises `Superseded` for an older version, `ValueError` for NaN or infinity.
        """
        ...

    def get_attribution(self, learning_id: str, session_id: str) -> AttributionRecord: ...

    def get_attributions_for_learning(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        """Newest first, every epoch."""
        ...

    def get_attributions_for_epochs(self, epochs: Sequence[tuple[str, int]]) -> list[AttributionRecord]:
        """The records of these learnings in these epochs of theirs, all together."""
        ...

    def get_attributions_for_session(self, session_id: str) -> list[AttributionRecord]: ...

    # -- values

    def get_learning_value(self, learning_id: str) -> LearningValue:
        """Computed from the sums in force and the fleet as of the last refresh, not read from the cache."""
        ...

    def update_learning_value(self, learning_id: str) -> LearningValue:
        """Recompute from the sums and write the cached value, with the decision-log line of a transition."""
        ...

    def list_learning_values(self, *, limit: int | None = None) -> list[LearningValue]:
        """By estimated value, best first, then by id; every known learning, also those without a record."""
        ...

    def refresh_values(self) -> int:
        """Make anew what the fleet shares, and bring every cached value up to date -> how many changed.

        After it the values are a function of the set of records and of people's decisions, bit for bit.
        """
        ...

    # -- experiments

    def get_experiment(self, learning_id: str) -> AblationExperiment: ...

    def update_experiment(self, learning_id: str) -> AblationExperiment:
        """Recompute from the records' arms and write the `ablation_experiment` row (its session lists stay `[]`)."""
        ...

    def get_health(self, learning_id: str) -> LearningHealth:
        """Sample ratio, contamination, mismatches, constant companions."""
        ...

    def get_breakdown(self, learning_id: str) -> tuple[GroupEffect, ...]:
        """A learning's effect by project, user and so on, drawn towards the whole; experiments.md 16."""
        ...

    def list_health(self) -> list[LearningHealth]:
        """Health of every learning that has records and is neither disabled nor deprecated, by id."""
        ...

    def explain(self, learning_id: str, session_id: str) -> Explanation:
        """What one record says, in parts that add up, and how it moved the value."""
        ...

    # -- forgetting

    def forget_session(self, session_id: str, *, dry_run: bool) -> ForgottenFromStore:
        """All of it out for good; values are as if it had never been. Nothing of it is stored again: `NotFound` for whoever tries.

        `dry_run`: only count. A session that nobody has heard of is forgotten too.
        """
        ...

    def forget_learning(self, learning_id: str, *, dry_run: bool) -> ForgottenFromStore:
        """The learning and all that was found out about it; it may be imported again as new. `dry_run`: only count."""
        ...

    # -- maintenance

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        """Recompute sums and values from the records alone; differences are written back only with `repair`."""
        ...

    def sessions_without_background(self, *, limit: int) -> list[str]:
        """Sessions that an earlier release stored, and of which nobody was asked yet, by id."""
        ...

    def take_backgrounds(self, given: Mapping[str, SessionBackground | None]) -> int:
        """What is known of them as a whole; None: nobody can tell -> of how many sessions something new is known."""
        ...

    def get_outlook(self) -> OutlookStatus: ...

    def prove(self, *, seconds: float) -> Proof:
        """Check the sums of as many learnings as the time allows, begun anywhere; nothing is written."""
        ...

    def what_if(
        self, parameters: LayerParameters, *, readings: list[Reading] | None = None
    ) -> list[tuple[LearningValue, LearningValue]]:
        """(value now, value under other parameters) of every learning whose value, status or verdict would change.

        `readings` stand in for what the records say of layer 1; without one, a record keeps its own, under the new threshold.
        """
        ...

    @property
    def views(self) -> "Views":
        """Pages for whoever looks."""
        ...

    def counts(self) -> dict[str, int]:
        """Rows by relation, for status and health checks."""
        ...

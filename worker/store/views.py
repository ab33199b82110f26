"""The seam for whoever looks: every list is a page with its total, and nothing here writes."""

from collections.abc import Sequence
from typing import Protocol

from worker.domain import LearningValue
from worker.store.shapes.experiments import ExperimentOverview
from worker.store.shapes.learning import (
    Arms,
    OverTime,
    RecordPage,
    RecordsWanted,
    SessionSummary,
    TextOfEpochs,
)
from worker.store.shapes.learnings import LearningPage, LearningsWanted
from worker.store.shapes.sessions import SessionPage, SessionsWanted


class Views(Protocol):
    """Raises `NotFound` for a learning that nobody has heard of."""

    def revision(self) -> str:
        """Another text after whatever was written, and after a restart."""
        ...

    def latest_values(self) -> Sequence[LearningValue]:
        """Every learning's value as last computed: its records, the others' as of its newest session or a refresh."""
        ...

    def learnings(self, wanted: LearningsWanted) -> LearningPage:
        """Chosen and ordered by the latest values; those on the page are computed as of now."""
        ...

    def arms(self, learning_id: str) -> Arms: ...

    def over_time(self, learning_id: str, *, points: int, epoch: int | None = None) -> OverTime:
        """`epoch`: None is the present one."""
        ...

    def records(self, learning_id: str, wanted: RecordsWanted) -> RecordPage: ...

    def texts(self, learning_id: str) -> list[TextOfEpochs]:
        """Oldest first; the last one is present. Of texts that were replaced before the store kept them nothing is known."""
        ...

    def sessions(self, session_ids: Sequence[str]) -> list[SessionSummary]:
        """Summaries of the sessions that have records, in the order that they were asked for."""
        ...

    def find_sessions(self, wanted: SessionsWanted) -> SessionPage:
        """Sessions that have records and match, the newest first."""
        ...

    def experiments(self, *, limit: int) -> ExperimentOverview:
        """`limit`: learnings in each list."""
        ...

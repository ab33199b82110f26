"""What pages are made of, from the database and what of it is in memory; `worker/store/views.py` says what each promises."""

from collections.abc import Sequence

from worker.domain import LearningValue
from worker.store.cozo.views import found_sessions, learnings, over_time, overview, records, texts
from worker.store.cozo.workspace import Workspace
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
from worker.store.views import Views


class CozoViews(Views):
    def __init__(self, workspace: Workspace) -> None:
        self._space = workspace

    def revision(self) -> str:
        return self._space.database.revision

    def latest_values(self) -> Sequence[LearningValue]:
        with self._space.reading() as memory:
            snapshot = memory.snapshot()
        return [self._space.valuer.latest(snapshot, learning_id) for learning_id in snapshot.histories]

    def learnings(self, wanted: LearningsWanted) -> LearningPage:
        return learnings.page(self._space, wanted)

    def arms(self, learning_id: str) -> Arms:
        return over_time.arms(self._space, learning_id)

    def over_time(self, learning_id: str, *, points: int, epoch: int | None = None) -> OverTime:
        return over_time.over_time(self._space, learning_id, points=points, epoch=epoch)

    def records(self, learning_id: str, wanted: RecordsWanted) -> RecordPage:
        return records.records(self._space, learning_id, wanted)

    def texts(self, learning_id: str) -> list[TextOfEpochs]:
        return texts.texts(self._space, learning_id)

    def sessions(self, session_ids: Sequence[str]) -> list[SessionSummary]:
        return records.sessions(self._space, session_ids)

    def find_sessions(self, wanted: SessionsWanted) -> SessionPage:
        return found_sessions.find_sessions(self._space, wanted)

    def experiments(self, *, limit: int) -> ExperimentOverview:
        return overview.experiments(self._space, limit=limit)

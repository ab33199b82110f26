"""The store on CozoDB: one method per operation, each of them one transaction; `protocol.py` says what they promise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from worker.domain import (
    AblationExperiment,
    AttributionRecord,
    Decision,
    DecisionKind,
    Learning,
    LearningStatus,
    LearningValue,
    SessionBackground,
    SessionVersion,
)
from worker.errors import CannotUndo, NotFound
from worker.layers.aggregation.breakdown import GroupEffect
from worker.layers.aggregation.explain import Explanation, explain
from worker.settings.layers import LayerParameters
from worker.store.cozo.accounting import design_of
from worker.store.cozo.assign import assign, assigned
from worker.store.cozo.backgrounds import backgrounds_of, migrate, outlook_status, take_backgrounds
from worker.store.cozo.database import CozoDatabase, Row
from worker.store.cozo.experiments import read_experiment, read_health
from worker.store.cozo.forgetting import forget_learning, forget_session
from worker.store.cozo.groups import read_breakdown
from worker.store.cozo.memory import Memory
from worker.store.cozo.offline import take_decisions
from worker.store.cozo.policies import Policies
from worker.store.cozo.rebuild import prove, rebuild
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.recording import finish, store_record
from worker.store.cozo.refreshing import refresh
from worker.store.cozo.rows import RecordRow
from worker.store.cozo.sections import draw_together, sections
from worker.store.cozo.sessions import known_version, take_version
from worker.store.cozo.strategies import LayersBuilder, default_layers
from worker.store.cozo.undoing import PEOPLE_DECIDE, read_log, undoing
from worker.store.cozo.views.views import CozoViews
from worker.store.cozo.what_if import WhatIf
from worker.store.cozo.workspace import UnitOfWork, Workspace, must_know
from worker.store.protocol import AttributionStore
from worker.store.shapes.assignments import AssignmentAnswer, MadeDecision, PublishedPolicy, TakenDecision
from worker.store.shapes.attempts import FinishedSession, OpenedSession
from worker.store.shapes.changes import ForgottenFromStore, ImportReport, UndoneTogether
from worker.store.shapes.health import LearningHealth
from worker.store.shapes.sections import Section
from worker.store.shapes.upkeep import OutlookStatus, Proof, Reading, SumDifference
from worker.system.clock import now_micros

#: these gather no evidence any more
_OUT = (LearningStatus.DISABLED, LearningStatus.DEPRECATED)
_COUNTED = ("learnings", "sessions", "records", "assignments", "decisions", "values", "experiments", "unpublished")


class CozoStore(AttributionStore):
    def __init__(
        self,
        path: Path | None,
        *,
        parameters: LayerParameters | None = None,
        build_layers: LayersBuilder = default_layers,
        clock: Callable[[], int] = now_micros,
    ) -> None:
        """Opens the RocksDB folder, made if missing; None keeps everything in memory.

        Raises `StoreUnavailable` when another process owns the folder. Values are brought up to date when the parameters
        differ from those they were last computed with. `clock` dates the lines that the rule writes to the decision log.
        """
        self._build_layers = build_layers
        parameters = parameters or LayerParameters()
        self._space = Workspace(CozoDatabase(path), parameters, build_layers(parameters), clock)
        self._policies = Policies(self._space)
        self._counted: tuple[str, dict[str, int]] = "", {}
        migrate(self._space.database)
        self._follow_parameters()

    @property
    def changes(self) -> int:
        """Rises whenever something that was stored may have changed."""
        return self._space.changes

    # -- learnings and people's decisions

    def import_learnings(self, learnings: list[Learning], *, actor: str, now: int) -> ImportReport:
        report: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
        with self._space.working(now) as work:
            for learning in {learning.learning_id: learning for learning in learnings}.values():
                report[work.lifecycle.import_one(learning, actor=actor)].append(learning.learning_id)
            work.lifecycle.bring_up_to_date([*report["new"], *report["changed"]])
        return ImportReport(**{name: tuple(learning_ids) for name, learning_ids in report.items()})

    def get_learnings(self, learning_ids: list[str]) -> dict[str, Learning]:
        with self._space.reading() as memory:
            return _known_among(memory, learning_ids)

    def list_learnings(self) -> list[Learning]:
        with self._space.reading() as memory:
            return sorted(memory.learnings.values(), key=lambda learning: learning.learning_id)

    def decide(self, learning_id: str, kind: DecisionKind, *, actor: str, reason: str, now: int) -> Decision:
        return self.decide_together([learning_id], kind, actor=actor, reason=reason, now=now)[0]

    def decide_together(
        self, learning_ids: Sequence[str], kind: DecisionKind, *, actor: str, reason: str, now: int
    ) -> list[Decision]:
        if kind not in PEOPLE_DECIDE:
            raise ValueError(f"people decide {', '.join(sorted(PEOPLE_DECIDE))}; {kind} is the store's own")
        with self._space.working(now) as work:
            must_know(work.draft, list(learning_ids))
            return [
                work.lifecycle.decide(learning_id, kind, actor=actor, reason=reason)
                for learning_id in dict.fromkeys(learning_ids)
            ]

    def undo(self, learning_id: str, *, number: int | None, actor: str, reason: str, now: int) -> Decision:
        with self._space.working(now) as work:
            must_know(work.draft, [learning_id])
            return _taken_back(work, learning_id, number, actor=actor, reason=reason)

    def undo_together(self, lines: Mapping[str, int | None], *, actor: str, reason: str, now: int) -> UndoneTogether:
        decisions, refused = [], {}
        with self._space.working(now) as work:
            must_know(work.draft, list(lines))
            for learning_id, number in lines.items():
                try:
                    decisions.append(_taken_back(work, learning_id, number, actor=actor, reason=reason))
                except CannotUndo as error:
                    refused[learning_id] = str(error)
        return UndoneTogether(decisions=tuple(decisions), refused=refused)

    def get_decisions(self, learning_id: str) -> list[Decision]:
        with self._space.reading() as memory:
            must_know(memory, [learning_id])
            return read_log(self._space.database, learning_id)

    # -- assignment

    def assign(
        self, session_id: str, learning_ids: list[str], *, now: int, conversation_id: str = ""
    ) -> list[AssignmentAnswer]:
        return assign(self._space, session_id, learning_ids, conversation_id=conversation_id or session_id, now=now)

    def publish_policy(self, learning_ids: list[str], *, now: int) -> PublishedPolicy:
        return self._policies.publish(learning_ids, now=now)

    def take_decisions(self, decisions: list[MadeDecision], *, now: int) -> list[TakenDecision]:
        return take_decisions(self._space, decisions, now=now)

    def draw_together(self, sections: Mapping[str, str | None], *, actor: str, now: int) -> list[str]:
        return draw_together(self._space, sections, actor=actor, now=now)

    def list_sections(self, *, of: str = "") -> list[Section]:
        return sections(self._space, of=of)

    # -- attribution

    def open_session(self, session_id: str, version: SessionVersion, learning_ids: list[str]) -> OpenedSession:
        with self._space.working(version.timestamp, session_id) as work:
            known = take_version(work.transaction, work.draft, session_id, version)
            assignments = assigned(work.transaction, session_id)
            learnings = _known_among(work.draft, [*learning_ids, *assignments])
        return OpenedSession(learnings=learnings, assignments=assignments, is_finished=known.is_finished)

    def get_session_version(self, session_id: str) -> SessionVersion:
        with self._space.reading() as memory:
            return known_version(memory, self._space.database, session_id)

    def store_attribution(self, record: AttributionRecord, version: SessionVersion) -> None:
        store_record(self._space, record, version)

    def finish_session(
        self, session_id: str, version: SessionVersion, *, records: list[AttributionRecord]
    ) -> FinishedSession:
        return finish(self._space, session_id, version, records)

    def get_attribution(self, learning_id: str, session_id: str) -> AttributionRecord:
        rows = self._space.database.read("whole_records", keys=[[learning_id, session_id]])
        if not rows:
            raise NotFound(f"no record of learning {learning_id} in session {session_id}")
        return self._whole(rows)[0]

    def get_attributions_for_learning(self, learning_id: str, *, limit: int = 100) -> list[AttributionRecord]:
        with self._space.reading() as memory:
            must_know(memory, [learning_id])
            newest = partial(self._space.database.read, "newest_record_keys", learning_id=learning_id, limit=limit)
            epochs = range(1, len(memory.histories[learning_id].epoch_starts) + 1)
            keys = [key for epoch in epochs for key in newest(epoch=epoch)]
            rows = self._space.database.read("whole_records", keys=keys)
        ordered = sorted(rows, key=lambda row: (RecordRow(*row).newest_first, RecordRow(*row).session_id))
        return self._whole(ordered[:limit])

    def get_attributions_for_epochs(self, epochs: Sequence[tuple[str, int]]) -> list[AttributionRecord]:
        rows = self._space.database.read("whole_records_of_epochs", keys=[list(epoch) for epoch in epochs])
        return [record_of(RecordRow(*row)) for row in rows]

    def get_attributions_for_session(self, session_id: str) -> list[AttributionRecord]:
        rows = self._space.database.read("records_of_session", session_id=session_id)
        return self._whole(rows)

    def _whole(self, rows: list[Row]) -> list[AttributionRecord]:
        """The records, with what is known of their sessions."""
        records = [record_of(RecordRow(*row)) for row in rows]
        known = backgrounds_of(self._space.database, sorted({record.session_id for record in records}))
        return [replace(record, background=known.get(record.session_id)) for record in records]

    # -- values

    def get_learning_value(self, learning_id: str) -> LearningValue:
        with self._space.reading() as memory:
            must_know(memory, [learning_id])
            return self._space.valuer.value(memory, learning_id)

    def update_learning_value(self, learning_id: str) -> LearningValue:
        with self._space.working(self._space.clock()) as work:
            must_know(work.draft, [learning_id])
            values, _ = work.lifecycle.bring_up_to_date([learning_id])
        return values[0]

    def list_learning_values(self, *, limit: int | None = None) -> list[LearningValue]:
        with self._space.reading() as memory:
            snapshot = memory.snapshot()
        values = [self._space.valuer.value(snapshot, learning_id) for learning_id in snapshot.histories]
        return sorted(values, key=lambda value: (-value.estimated_value, value.learning_id))[:limit]

    def refresh_values(self) -> int:
        if not self._space.is_stale:
            return 0
        with self._space.database.consistent():
            changed = refresh(self._space)
            self._space.is_stale = False
        return changed

    # -- experiments

    def get_experiment(self, learning_id: str) -> AblationExperiment:
        return read_experiment(self._space, learning_id)

    def update_experiment(self, learning_id: str) -> AblationExperiment:
        self.update_learning_value(learning_id)
        return read_experiment(self._space, learning_id)

    def get_health(self, learning_id: str) -> LearningHealth:
        return read_health(self._space, [learning_id])[0]

    def get_breakdown(self, learning_id: str) -> tuple[GroupEffect, ...]:
        return read_breakdown(self._space, learning_id)

    def list_health(self) -> list[LearningHealth]:
        with self._space.reading() as memory:
            chosen = sorted(id_ for id_, history in memory.histories.items() if history.status not in _OUT)
            known = [id_ for id_ in chosen if memory.totals_of(id_).sums.n_records]
        return read_health(self._space, known)

    def explain(self, learning_id: str, session_id: str) -> Explanation:
        with self._space.reading() as memory:
            record = self.get_attribution(learning_id, session_id)
            totals = memory.totals_of(learning_id)
            return explain(
                record,
                session=design_of(self._space.database, session_id).outlook(memory.outlook),
                sums=totals.sums,
                global_sums=memory.global_sums,
                fleet=memory.fleet,
                standing=memory.histories[learning_id].standing,
                aggregator=self._space.valuer.aggregation_for(memory, learning_id),
                updated_at=totals.newest_at,
                net_kappa=self._space.parameters.temporal.net_kappa,
            )

    # -- forgetting

    def forget_session(self, session_id: str, *, dry_run: bool) -> ForgottenFromStore:
        found = forget_session(self._space, session_id, dry_run=dry_run)
        if not dry_run:
            self._let_go()
        return found

    def forget_learning(self, learning_id: str, *, dry_run: bool) -> ForgottenFromStore:
        found = forget_learning(self._space, learning_id, dry_run=dry_run)
        if not dry_run:
            self._policies.forget()
            self._let_go()
        return found

    def _let_go(self) -> None:
        """Models name learnings, projects and people: made without those that went, and nothing of them stays in the files."""
        self.refresh_values()
        self._space.database.compact()

    # -- maintenance

    def rebuild(self, *, repair: bool) -> list[SumDifference]:
        differences = rebuild(self._space, is_repair=repair)
        if repair:
            self.refresh_values()
        return differences

    def sessions_without_background(self, *, limit: int) -> list[str]:
        return [row[0] for row in self._space.database.read("all_without_background", limit=limit)]

    def take_backgrounds(self, given: Mapping[str, SessionBackground | None]) -> int:
        return take_backgrounds(self._space, given)

    def get_outlook(self) -> OutlookStatus:
        return outlook_status(self._space)

    def prove(self, *, seconds: float) -> Proof:
        return prove(self._space.database, seconds=seconds)

    def what_if(
        self, parameters: LayerParameters, *, readings: list[Reading] | None = None
    ) -> list[tuple[LearningValue, LearningValue]]:
        known = {(reading.learning_id, reading.session_id): reading for reading in readings or ()}
        then = self._build_layers(parameters)
        return WhatIf(space=self._space, then=then, after=parameters, readings=known).changes()

    @property
    def views(self) -> CozoViews:
        return CozoViews(self._space)

    def counts(self) -> dict[str, int]:
        """The database counts row by row, so what it told is kept until the next commit."""
        with self._space.reading() as memory:
            revision, counts = self._space.database.revision, memory.counts()
            if self._counted[0] != revision:
                self._counted = revision, {name: self._count(name) for name in _COUNTED if name not in counts}
            counts |= self._counted[1]
        return {name: counts[name] for name in _COUNTED}

    def backup(self, path: Path) -> None:
        """Everything as of now into one new file; `restore` makes a folder of it again."""
        self._space.database.backup(path)

    def close(self) -> None:
        self._space.database.close()

    def _count(self, name: str) -> int:
        return int(self._space.database.read(f"count_{name}")[0][0] or 0)

    def _follow_parameters(self) -> None:
        """Values rest on the parameters too: other ones since the last start bring all of them up to date."""
        parameters = self._space.parameters.model_dump_json()
        if self._space.database.read("meta", key="parameters") != [[parameters]]:
            self.refresh_values()
            self._space.database.commit({"put_meta": [["parameters", parameters]]})


def _known_among(memory: Memory, learning_ids: list[str]) -> dict[str, Learning]:
    return {
        learning_id: memory.learnings[learning_id] for learning_id in learning_ids if learning_id in memory.learnings
    }


def _taken_back(work: UnitOfWork, learning_id: str, number: int | None, *, actor: str, reason: str) -> Decision:
    """The line that takes it back, now or already. Raises `CannotUndo`, before anything is written, and `NotFound`."""
    found = undoing(read_log(work.transaction, learning_id), number)
    if isinstance(found, Decision):
        return found
    return work.lifecycle.take_back(found, actor=actor, reason=reason)

"""The small and busy part of the store, kept in memory: every learning, its history and its exact sums, never the records.

One process owns the database, so what was committed is what is here. A transaction works on a draft; only when its writes are
committed is the draft taken over. About 5 kB a learning.
"""

import json
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from itertools import starmap

from worker.domain import Learning, LearningValue, SessionVersion, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.outlook.models import Model, Outlook
from worker.layers.statistics.sums import TemporalSums
from worker.store.cozo.database import CozoDatabase, Row
from worker.store.cozo.history import LearningHistory, read_histories
from worker.store.cozo.overlay import Overlay
from worker.store.cozo.row_codec import learning_of
from worker.store.cozo.rows import DecisionRow, ExperimentRow, FleetRow, LearningRow, ModelRow, ValueRow
from worker.store.cozo.totals import EpochKey, Totals, joined, read_global

#: sessions whose version is remembered without asking the database
_SESSIONS_KEPT = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSession:
    version: SessionVersion
    is_finished: bool
    #: no version before it was ever taken; False also where only the database knows
    is_first: bool = False
    #: learnings that have a record in it; None: the database knows
    recorded: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """A value with what it was computed from: as long as that is the same, so is the value."""

    standing: Standing
    totals: Totals
    global_sums: TemporalSums
    fleet: Fleet
    value: LearningValue

    def rests_on(self, standing: Standing, totals: Totals, global_sums: TemporalSums, fleet: Fleet) -> bool:
        of_all = self.global_sums == global_sums and self.fleet == fleet
        return self.totals is totals and self.standing == standing and of_all


@dataclass(kw_only=True, slots=True)
class Memory:
    learnings: MutableMapping[str, Learning] = field(default_factory=dict)
    histories: MutableMapping[str, LearningHistory] = field(default_factory=dict)
    totals: MutableMapping[EpochKey, Totals] = field(default_factory=dict)
    global_sums: TemporalSums = field(default_factory=TemporalSums)
    #: as of the last refresh
    fleet: Fleet = field(default_factory=Fleet)
    #: the models in force, which every sum of an experiment is under
    outlook: Outlook = field(default_factory=Outlook)
    #: a learning was ever assigned with a section
    has_sections: bool = False
    #: deprecations that no session has carried yet -> whether they still wait
    unpublished: MutableMapping[tuple[str, int], bool] = field(default_factory=dict)
    #: the rows of `learning_value` and `ablation_experiment`, to write only what differs
    values: MutableMapping[str, ValueRow] = field(default_factory=dict)
    experiments: MutableMapping[str, ExperimentRow] = field(default_factory=dict)
    sessions: MutableMapping[str, KnownSession] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)

    @classmethod
    def load(cls, database: CozoDatabase) -> "Memory":
        learnings = starmap(LearningRow, database.read("all_learnings"))
        unpublished = starmap(DecisionRow, database.read("unpublished"))
        values = starmap(ValueRow, database.read("all_values"))
        experiments = starmap(ExperimentRow, database.read("all_experiments"))
        return cls(
            learnings={row.learning_id: learning_of(row) for row in learnings},
            histories=read_histories(database),
            totals=joined(database.read("all_sums"), database.read("all_arms"), database.read("all_arm_sums")),
            global_sums=read_global(database.read("global_sums")),
            fleet=fleet_of(database.read("fleet")),
            outlook=outlook_of(database.read("outlook"), database.read("all_models")),
            has_sections=bool(database.read("all_first_section")),
            unpublished={(row.learning_id, row.number): True for row in unpublished},
            values={row.learning_id: row for row in values},
            experiments={row.learning_id: row for row in experiments},
        )

    def draft(self) -> "Memory":
        """Reads fall through to this one, changes stay in the draft."""
        return Memory(
            learnings=Overlay(self.learnings),
            histories=Overlay(self.histories),
            totals=Overlay(self.totals),
            global_sums=self.global_sums,
            fleet=self.fleet,
            outlook=self.outlook,
            has_sections=self.has_sections,
            unpublished=Overlay(self.unpublished),
            values=Overlay(self.values),
            experiments=Overlay(self.experiments),
            sessions=Overlay(self.sessions),
            computed=self.computed,
        )

    def snapshot(self) -> "Memory":
        """Learnings and what their values are computed from, as of now, to be read while work goes on."""
        return Memory(
            learnings=dict(self.learnings),
            histories=dict(self.histories),
            totals=dict(self.totals),
            global_sums=self.global_sums,
            fleet=self.fleet,
            computed=self.computed,
        )

    def take(self, draft: "Memory") -> None:
        """The draft's changes are committed."""
        for ours, theirs in (
            (self.learnings, draft.learnings),
            (self.histories, draft.histories),
            (self.totals, draft.totals),
            (self.unpublished, draft.unpublished),
            (self.values, draft.values),
            (self.experiments, draft.experiments),
            (self.sessions, draft.sessions),
        ):
            assert isinstance(theirs, Overlay)
            ours.update(theirs.changes)
        self.global_sums = draft.global_sums
        self.fleet = draft.fleet
        self.outlook = draft.outlook
        self.has_sections = draft.has_sections
        self._forget()

    def counts(self) -> dict[str, int]:
        """Rows by relation, of those that are here."""
        return {
            "learnings": len(self.learnings),
            "records": sum(totals.sums.n_records for totals in self.totals.values()),
            "values": len(self.values),
            "experiments": len(self.experiments),
            "unpublished": len(self.unpublished),
        }

    def totals_of(self, learning_id: str) -> Totals:
        """In the current epoch."""
        return self.totals.get((learning_id, self.histories[learning_id].standing.epoch), NOTHING)

    def _forget(self) -> None:
        for key in [key for key, waits in self.unpublished.items() if not waits]:
            del self.unpublished[key]
        while len(self.sessions) > _SESSIONS_KEPT:
            del self.sessions[next(iter(self.sessions))]


NOTHING = Totals()


def fleet_of(rows: list[Row]) -> Fleet:
    """What nothing is known of is as the prior has it."""
    return Fleet(*FleetRow(*rows[0])) if rows else Fleet()


def outlook_of(rows: list[Row], models: list[Row]) -> Outlook:
    """None was ever made: nothing is expected of any session."""
    if not rows:
        return Outlook()
    known = starmap(ModelRow, models)
    return Outlook(
        mode=rows[0][0],
        salt=rows[0][1],
        explained=rows[0][2],
        models={row.key: Model(coefficients=json.loads(row.coefficients_json), mean=row.mean) for row in known},
    )

"""A learning's experiment as people see it: both arms session by session, and whether it can be trusted."""

from collections.abc import Mapping, Sequence
from itertools import starmap

from worker.domain import AblationExperiment, SessionOutcome
from worker.layers.ablation.companions import ENOUGH
from worker.store.cozo.beside import Looked
from worker.store.cozo.memory import Memory
from worker.store.cozo.rows import OutcomeRow
from worker.store.cozo.totals import Totals
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.health import LearningHealth


def read_experiment(workspace: Workspace, learning_id: str) -> AblationExperiment:
    """The arms hold the randomised sessions of the current epoch, oldest first."""
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        totals, epoch = memory.totals_of(learning_id), memory.histories[learning_id].standing.epoch
        fleet = memory.fleet
        rows = starmap(OutcomeRow, workspace.database.read("outcomes_of_learning", learning_id=learning_id))
    counted = sorted(row for row in rows if row.epoch == epoch and 0 < row.withhold_probability < 1)
    return AblationExperiment(
        learning_id=learning_id,
        started_at=totals.first_at,
        sessions_with=_arm(counted, was_withheld=False),
        sessions_without=_arm(counted, was_withheld=True),
        result=workspace.layers.ablation.compute_marginal_value(totals.sums, fleet),
    )


def read_health(workspace: Workspace, learning_ids: Sequence[str]) -> list[LearningHealth]:
    with workspace.reading() as memory:
        must_know(memory, list(learning_ids))
        totals = {learning_id: memory.totals_of(learning_id) for learning_id in learning_ids}
        looked = looked_at(memory, totals)
        presences = list(memory.totals)
    found = workspace.beside.companions_of(looked, presences)
    return [
        LearningHealth(
            learning_id=learning_id,
            experiment=workspace.health_of(learning_id, of),
            companions=found.get(learning_id, ()),
        )
        for learning_id, of in totals.items()
    ]


def looked_at(memory: Memory, totals: Mapping[str, Totals]) -> list[Looked]:
    """Learnings among these that may have companions: with fewer sessions none has."""
    families = _families(memory)
    return [
        _looked(memory, learning_id, of.sums.n_records, families)
        for learning_id, of in totals.items()
        if of.sums.n_records >= ENOUGH
    ]


def _looked(memory: Memory, learning_id: str, n_records: int, families: Mapping[str, frozenset[str]]) -> Looked:
    standing = memory.histories[learning_id].standing
    family = families.get(standing.drawn_with or learning_id, frozenset())
    return Looked(learning_id=learning_id, epoch=standing.epoch, n_records=n_records, family=family)


def _families(memory: Memory) -> dict[str, frozenset[str]]:
    """The learnings that are drawn together on purpose, by section: the section and its learnings."""
    members: dict[str, set[str]] = {}
    for learning_id, history in memory.histories.items():
        if section := history.standing.drawn_with:
            members.setdefault(section, {section}).add(learning_id)
    return {section: frozenset(ids) for section, ids in members.items()}


def _arm(rows: list[OutcomeRow], *, was_withheld: bool) -> tuple[SessionOutcome, ...]:
    return tuple(
        SessionOutcome(session_id=row.session_id, outcome=row.session_outcome, timestamp=row.timestamp)
        for row in rows
        if row.was_withheld is was_withheld
    )

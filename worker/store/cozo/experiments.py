"""A learning's experiment as people see it: both arms session by session, and whether it can be trusted."""

from itertools import starmap
from typing import Any

from worker.domain import AblationExperiment, SessionOutcome
from worker.layers.ablation.companions import ENOUGH, companions
from worker.layers.ablation.experiment_health import experiment_health
from worker.store.cozo.memory import Memory
from worker.store.cozo.rows import OutcomeRow
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.protocol import LearningHealth

#: newest sessions that are looked through for constant companions
_LOOKED_THROUGH = 200


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


def read_health(workspace: Workspace, learning_id: str) -> LearningHealth:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        sums = memory.totals_of(learning_id).sums
        epoch = memory.histories[learning_id].standing.epoch
        # with fewer sessions it has no companions: looking would take as long as they have learnings, for each of their learnings
        beside = _injected_beside(workspace, learning_id, epoch) if sums.n_records >= ENOUGH else []
        family = _family(memory, learning_id)
    together = {other: count for other, without, count in beside if not without and other not in family}
    instead = {other: count for other, without, count in beside if without}
    return LearningHealth(
        learning_id=learning_id,
        experiment=experiment_health(sums, workspace.parameters.ablation),
        companions=companions(sessions=together.pop(learning_id, 0), together=together, instead=instead),
    )


def _family(memory: Memory, learning_id: str) -> frozenset[str]:
    """Those that are drawn together with it on purpose: its section and that one's learnings."""
    section = memory.histories[learning_id].standing.drawn_with or learning_id
    members = {id_ for id_, history in memory.histories.items() if history.standing.drawn_with == section}
    return frozenset({section, *members} - {learning_id})


def _injected_beside(workspace: Workspace, learning_id: str, epoch: int) -> list[Any]:
    newest = workspace.database.read("newest_record_keys", learning_id=learning_id, epoch=epoch, limit=_LOOKED_THROUGH)
    keys = [[session_id] for _, session_id in newest]
    return workspace.database.read("injected_beside", learning_id=learning_id, keys=keys)


def _arm(rows: list[OutcomeRow], *, was_withheld: bool) -> tuple[SessionOutcome, ...]:
    return tuple(
        SessionOutcome(session_id=row.session_id, outcome=row.session_outcome, timestamp=row.timestamp)
        for row in rows
        if row.was_withheld is was_withheld
    )

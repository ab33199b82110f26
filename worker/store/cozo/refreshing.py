"""What the fleet shares, made anew from all experiments: between two refreshes a record changes its own learning's sums alone."""

from collections.abc import Iterable

from worker.layers.ablation.fleet import Fleet, fleet_variance
from worker.layers.statistics.sums import LearningSums
from worker.settings.layers import LayerParameters
from worker.store.cozo.rows import FleetRow
from worker.store.cozo.workspace import UnitOfWork, Workspace


def refresh(workspace: Workspace) -> int:
    """In one transaction, so that whoever kills it finds all of it or nothing -> how many cached values changed."""
    with workspace.working(workspace.clock()) as work:
        before = dict(work.draft.values)
        _make_fleet(work, workspace.parameters)
        work.lifecycle.bring_up_to_date(list(work.draft.histories))
        return sum(before.get(learning_id) != row for learning_id, row in work.draft.values.items())


def fleet_over(sums: Iterable[LearningSums], parameters: LayerParameters) -> Fleet:
    return Fleet(variance=fleet_variance(sums, floor=parameters.ablation.variance_floor))


def _make_fleet(work: UnitOfWork, parameters: LayerParameters) -> None:
    """From the current epochs' sums."""
    draft = work.draft
    fleet = fleet_over((draft.totals_of(learning_id).sums for learning_id in draft.histories), parameters)
    if fleet != draft.fleet:
        draft.fleet = fleet
        work.transaction.overwrite("put_fleet", [[0, *FleetRow(*fleet)]])

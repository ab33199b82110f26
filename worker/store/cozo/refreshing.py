"""What the fleet shares, made anew from all experiments: between two refreshes a record changes its own learning's sums alone."""

from worker.layers.protocols import ValueAggregator
from worker.store.cozo.rows import FleetRow
from worker.store.cozo.workspace import UnitOfWork, Workspace


def refresh(workspace: Workspace) -> int:
    """In one transaction, so that whoever kills it finds all of it or nothing -> how many cached values changed."""
    with workspace.working(workspace.clock()) as work:
        before = dict(work.draft.values)
        _make_fleet(work, workspace.layers.aggregation)
        work.lifecycle.bring_up_to_date(list(work.draft.histories))
        return sum(before.get(learning_id) != row for learning_id, row in work.draft.values.items())


def _make_fleet(work: UnitOfWork, aggregation: ValueAggregator) -> None:
    """From the current epochs' sums."""
    draft = work.draft
    sums = [draft.totals_of(learning_id).sums for learning_id in draft.histories]
    fleet = aggregation.fleet(sums, draft.global_sums)
    if fleet != draft.fleet:
        draft.fleet = fleet
        work.transaction.overwrite("put_fleet", [[0, *FleetRow(*fleet)]])

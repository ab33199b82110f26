"""Where a learning helps and where it hurts: its records by where and how their sessions ran, each group with its own interval."""

from itertools import groupby, starmap

from worker.layers.ablation.fleet import Fleet
from worker.store.cozo.views.alike import Alike, arms_of, in_all, injected, used
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.learning import Breakdown, Circumstance, Group


def breakdown(workspace: Workspace, learning_id: str, by: Circumstance, *, limit: int) -> Breakdown:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        epoch, fleet = memory.histories[learning_id].standing.epoch, memory.fleet
        found = workspace.database.read("counted_by_circumstance", learning_id=learning_id, epoch=epoch, by=str(by))
    rows = sorted(starmap(Alike, found))
    groups = [_group(workspace, str(name), list(alike), fleet) for name, alike in groupby(rows, lambda row: row.group)]
    groups.sort(key=lambda group: (-group.sessions, group.name))
    return Breakdown(learning_id=learning_id, epoch=epoch, by=by, total=len(groups), groups=tuple(groups[:limit]))


def _group(workspace: Workspace, name: str, alike: list[Alike], fleet: Fleet) -> Group:
    sums = arms_of(alike)
    return Group(
        name=name,
        sessions=in_all(alike),
        injected=in_all(injected(alike)),
        used=in_all(used(alike)),
        sessions_with=sums.n_randomised(was_withheld=False),
        sessions_without=sums.n_randomised(was_withheld=True),
        result=workspace.layers.ablation.compute_marginal_value(sums, fleet),
    )

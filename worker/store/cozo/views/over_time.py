"""A learning's records in stretches of equal time, and what its experiment said at the end of each (statistics.md 6).

The database counts, stretch by stretch. Each interval comes from the experiment's sums up to its end: the last one is the learning's own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, starmap

from worker.domain import Decision
from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.statistics.sums import MICRO, MILLI, LearningSums, Weighed
from worker.store.cozo.memory import NOTHING
from worker.store.cozo.samples import read_randomised, samples
from worker.store.cozo.totals import Totals
from worker.store.cozo.undoing import read_log, undone_lines
from worker.store.cozo.views.alike import Alike, in_all, injected, used
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.learning import Arms, Mark, OutcomeCount, OverTime, Point


def arms(workspace: Workspace, learning_id: str) -> Arms:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        sums, fleet = memory.totals_of(learning_id).sums, memory.fleet
        epoch = memory.histories[learning_id].standing.epoch
    return Arms(
        learning_id=learning_id,
        epoch=epoch,
        outcomes=tuple(
            OutcomeCount(
                was_withheld=cell.was_withheld,
                probability=cell.p_micro / MICRO,
                outcome=cell.outcome_milli / MILLI,
                records=count.records,
                used=count.activated,
            )
            for cell, count in sorted(sums.arms.items())
        ),
        mean_with=_mean(sums, was_withheld=False),
        mean_without=_mean(sums, was_withheld=True),
        result=workspace.layers.ablation.compute_marginal_value(sums, fleet),
    )


def over_time(workspace: Workspace, learning_id: str, *, points: int, epoch: int | None) -> OverTime:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        shown = memory.histories[learning_id].standing.epoch if epoch is None else epoch
        totals, fleet = memory.totals.get((learning_id, shown), NOTHING), memory.fleet
        width = -(-(totals.newest_at + 1 - totals.first_at) // points)
        found = workspace.database.read(
            "counted_over_time", learning_id=learning_id, epoch=shown, start=totals.first_at, width=width
        )
        randomised = read_randomised(workspace, memory, learning_id, shown)
        lines = read_log(workspace.database, learning_id)
    counted: dict[int, Counter[Weighed]] = defaultdict(Counter)
    for timestamp, sample in samples(randomised):
        counted[(timestamp - totals.first_at) // width][sample.weighed] += 1
    sums = {stretch: LearningSums.of_weighed(records) for stretch, records in counted.items()}
    return OverTime(
        learning_id=learning_id,
        epoch=shown,
        first_at=totals.first_at,
        newest_at=totals.newest_at,
        width=width,
        points=tuple(_points(workspace, totals, width, fleet, sorted(starmap(Alike, found)), sums)),
        marks=tuple(_marks(lines)),
    )


def _points(
    workspace: Workspace,
    totals: Totals,
    width: int,
    fleet: Fleet,
    rows: Sequence[Alike],
    of_stretch: Mapping[int, LearningSums],
) -> Iterator[Point]:
    sums = LearningSums()
    for stretch, group in groupby(rows, lambda row: row.stretch):
        alike = list(group)
        sums += of_stretch.get(stretch, LearningSums())
        yield Point(
            at=min(totals.first_at + (stretch + 1) * width - 1, totals.newest_at),
            sessions=in_all(alike),
            injected=in_all(injected(alike)),
            used=in_all(used(alike)),
            sessions_with=sums.n_randomised(was_withheld=False),
            sessions_without=sums.n_randomised(was_withheld=True),
            result=workspace.layers.ablation.compute_marginal_value(sums, fleet),
        )


def _marks(lines: Sequence[Decision]) -> Iterator[Mark]:
    """A line that a session caused stands at that session's time, as its records do."""
    undone = undone_lines(lines)
    for line in lines:
        yield Mark(
            number=line.number,
            kind=line.kind,
            actor=line.actor,
            at=line.version.timestamp if line.version else line.timestamp,
            is_undone=line.number in undone,
        )


def _mean(sums: LearningSums, *, was_withheld: bool) -> float | None:
    found = arm(sums, was_withheld=was_withheld)
    return found.mean if found.records else None

"""What all sessions share, made anew: the models, every experiment's sums under them, the fleet's variance and removals.

Between two refreshes a record changes its own learning's sums alone, under the models in force.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from worker.layers.outlook.models import Outlook
from worker.layers.protocols import ValueAggregator
from worker.layers.statistics.sums import NO_ARM, ArmSums
from worker.settings.layers import LayerParameters
from worker.store.cozo.database import Row
from worker.store.cozo.designs import arrays, models_rows
from worker.store.cozo.rows import FleetRow, OutlookRow
from worker.store.cozo.totals import EpochKey, arm_sums_rows
from worker.store.cozo.workspace import UnitOfWork, Workspace

if TYPE_CHECKING:
    # with it comes numpy
    from worker.layers.outlook.design import Design


def refresh(workspace: Workspace) -> int:
    """In one transaction, so that whoever kills it finds all of it or nothing -> how many cached values changed."""
    with workspace.working(workspace.clock()) as work:
        before = dict(work.draft.values)
        _make_outlook(work, workspace.parameters)
        _make_fleet(work, workspace.layers.aggregation)
        work.lifecycle.bring_up_to_date(list(work.draft.histories))
        return sum(before.get(learning_id) != row for learning_id, row in work.draft.values.items())


class Remade(NamedTuple):
    """What all sessions give."""

    outlook: Outlook
    #: of every learning and epoch that has randomised records: with, without
    arms: dict[EpochKey, tuple[ArmSums, ArmSums]]


def remake(rows: list[Row], known: Iterable[EpochKey], parameters: LayerParameters) -> Remade:
    """Models fitted on all sessions, and the sums under them."""
    from worker.layers.outlook.fitting import fit

    salt = parameters.ablation.salt
    design, learnings = arrays(rows, known, salt=salt)
    outlook = fit(design, mode=parameters.outlook.mode, salt=salt)
    return Remade(outlook, _arms(design, learnings, outlook))


def arms_under(rows: list[Row], known: Iterable[EpochKey], outlook: Outlook) -> dict[EpochKey, tuple[ArmSums, ArmSums]]:
    """The sums of all sessions under models that are there."""
    design, learnings = arrays(rows, known, salt=outlook.salt)
    return _arms(design, learnings, outlook)


def _arms(design: "Design", learnings: Sequence[EpochKey], outlook: Outlook) -> dict[EpochKey, tuple[ArmSums, ArmSums]]:
    from worker.layers.outlook.residuals import arm_sums, expected_of

    sums = arm_sums(design, expected_of(design, outlook)[0])
    return {
        learnings[at]: (sums.get((at, False), NO_ARM), sums.get((at, True), NO_ARM)) for at in {at for at, _ in sums}
    }


def _make_outlook(work: UnitOfWork, parameters: LayerParameters) -> None:
    draft = work.draft
    remade = remake(work.transaction.read("all_designs"), list(draft.totals), parameters)
    for key in list(draft.totals):
        totals = draft.totals[key]
        with_, without = remade.arms.get(key, (NO_ARM, NO_ARM))
        sums = replace(totals.sums, with_=with_, without=without)
        if sums != totals.sums:
            draft.totals[key] = replace(totals, sums=sums)
            work.transaction.write("put_arm_sums", arm_sums_rows(key, sums))
    _publish(work, remade.outlook)


def _publish(work: UnitOfWork, outlook: Outlook) -> None:
    was = work.draft.outlook
    if outlook == was:
        return
    work.draft.outlook = outlook
    row = OutlookRow(outlook.mode, outlook.salt, outlook.explained)
    work.transaction.overwrite("put_outlook", [[0, *row]])
    work.transaction.write("rm_model", [[key] for key in was.models if key not in outlook.models])
    work.transaction.write("put_model", models_rows(outlook))


def _make_fleet(work: UnitOfWork, aggregation: ValueAggregator) -> None:
    """From the current epochs' sums."""
    draft = work.draft
    sums = [draft.totals_of(learning_id).sums for learning_id in draft.histories]
    fleet = aggregation.fleet(sums, draft.global_sums)
    if fleet != draft.fleet:
        draft.fleet = fleet
        work.transaction.overwrite("put_fleet", [[0, *FleetRow(*fleet)]])

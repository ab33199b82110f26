"""A learning's randomised records as its experiment counts them: weight and residual under the models in force."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from worker.layers.aggregation.breakdown import Sample
from worker.layers.outlook.models import Outlook
from worker.store.cozo.database import Row
from worker.store.cozo.designs import arrays, levels_of
from worker.store.cozo.memory import Memory
from worker.store.cozo.rows import OutcomeRow
from worker.store.cozo.totals import EpochKey
from worker.store.cozo.workspace import Workspace


class Randomised(NamedTuple):
    """What is read of an epoch's records; `samples` makes something of it."""

    key: EpochKey
    #: session -> the record's time
    timestamps: dict[str, int]
    designs: Sequence[Row]
    known: Sequence[EpochKey]
    outlook: Outlook


def read_randomised(workspace: Workspace, memory: Memory, learning_id: str, epoch: int) -> Randomised:
    outcomes = (OutcomeRow(*row) for row in workspace.database.read("outcomes_of_learning", learning_id=learning_id))
    timestamps = {
        row.session_id: row.timestamp for row in outcomes if row.epoch == epoch and 0 < row.withhold_probability < 1
    }
    designs = workspace.database.read("designs", keys=[[id_] for id_ in timestamps]) if timestamps else []
    return Randomised((learning_id, epoch), timestamps, designs, list(memory.totals), memory.outlook)


def samples(found: Randomised) -> Iterator[tuple[int, Sample]]:
    """Each with its record's time, in no order."""
    if not found.designs:
        return
    from worker.layers.outlook.residuals import expected_of

    design, learnings = arrays(found.designs, found.known, salt=found.outlook.salt)
    levels = levels_of(found.designs)
    expected = expected_of(design, found.outlook)[0]
    of = design.entries
    mine = (of.learning == learnings.index(found.key)) & (design.omega > 0)
    for session, withheld, omega, outcome, taken in zip(
        of.session[mine].tolist(),
        of.was_withheld[mine].tolist(),
        design.omega[mine].tolist(),
        of.outcome[mine].tolist(),
        expected[mine].tolist(),
        strict=True,
    ):
        yield found.timestamps[found.designs[session][0]], Sample(levels[session], withheld, omega, outcome - taken)

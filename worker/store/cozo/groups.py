"""A learning's randomised records with what is known of their sessions: its effect by group."""

from worker.layers.aggregation.breakdown import GroupEffect, Sample, breakdown
from worker.store.cozo.designs import arrays, levels_of
from worker.store.cozo.rows import OutcomeRow
from worker.store.cozo.workspace import Workspace, must_know


def read_breakdown(workspace: Workspace, learning_id: str) -> tuple[GroupEffect, ...]:
    """Of the current epoch, under the models in force."""
    from worker.layers.outlook.residuals import expected_of

    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        epoch = memory.histories[learning_id].standing.epoch
        outcomes = [
            OutcomeRow(*row) for row in workspace.database.read("outcomes_of_learning", learning_id=learning_id)
        ]
        keys = [[row.session_id] for row in outcomes if row.epoch == epoch and 0 < row.withhold_probability < 1]
        rows = workspace.database.read("designs", keys=keys) if keys else []
        known, outlook, fleet = list(memory.totals), memory.outlook, memory.fleet
    if not rows:
        return ()
    design, learnings = arrays(rows, known, salt=outlook.salt)
    levels = levels_of(rows)
    expected = expected_of(design, outlook)[0]
    mine = (design.entries.learning == learnings.index((learning_id, epoch))) & (design.omega > 0)
    of = design.entries
    samples = (
        Sample(levels[session], withheld, omega, outcome - taken)
        for session, withheld, omega, outcome, taken in zip(
            of.session[mine].tolist(),
            of.was_withheld[mine].tolist(),
            design.omega[mine].tolist(),
            of.outcome[mine].tolist(),
            expected[mine].tolist(),
            strict=True,
        )
    )
    return breakdown(samples, workspace.parameters, fleet)

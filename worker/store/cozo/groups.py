"""A learning's randomised records with what is known of their sessions: its effect by group."""

from worker.layers.aggregation.breakdown import GroupEffect, breakdown
from worker.store.cozo.samples import read_randomised, samples
from worker.store.cozo.workspace import Workspace, must_know


def read_breakdown(workspace: Workspace, learning_id: str) -> tuple[GroupEffect, ...]:
    """A learning's effect by group in the current epoch, under the models in force."""
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        epoch = memory.histories[learning_id].standing.epoch
        found, fleet = read_randomised(workspace, memory, learning_id, epoch), memory.fleet
    return breakdown((sample for _, sample in samples(found)), workspace.parameters, fleet)

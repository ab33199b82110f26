"""A learning's texts, epoch by epoch: an edit keeps the one that it replaces."""

from itertools import starmap

from worker.domain import Learning, LearningCategory
from worker.store.cozo.rows import FormerTextRow
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.learning import TextOfEpochs


def texts(workspace: Workspace, learning_id: str) -> list[TextOfEpochs]:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        starts, learning = memory.histories[learning_id].epoch_starts, memory.learnings[learning_id]
        rows = workspace.database.read("former_texts", learning_id=learning_id)
    former = sorted(starmap(FormerTextRow, rows), key=lambda row: row.epoch)
    ends = [0, *(row.epoch for row in former)]
    old = [_former(row, first + 1, starts) for first, row in zip(ends, former, strict=False)]
    return [*old, _present(learning, ends[-1] + 1, starts)]


def _former(row: FormerTextRow, first_epoch: int, starts: tuple[int, ...]) -> TextOfEpochs:
    return TextOfEpochs(
        first_epoch=first_epoch,
        last_epoch=row.epoch,
        since=starts[first_epoch - 1],
        category=LearningCategory(row.category),
        description=row.description,
        insight=row.insight,
        pattern=row.pattern,
        is_present=False,
    )


def _present(learning: Learning, first_epoch: int, starts: tuple[int, ...]) -> TextOfEpochs:
    return TextOfEpochs(
        first_epoch=first_epoch,
        last_epoch=len(starts),
        since=starts[first_epoch - 1],
        category=learning.category,
        description=learning.description,
        insight=learning.insight,
        pattern=learning.pattern,
        is_present=True,
    )

"""A person has a session or a learning forgotten: its rows go, and values are again a function of the records that remain."""

from itertools import starmap

from worker.store.cozo.memory import NOTHING
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.rows import AssignmentRow, RecordRow
from worker.store.cozo.sessions import digest_of
from worker.store.cozo.totals import temporal_row
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.protocol import ForgottenFromStore


def forget_session(workspace: Workspace, session_id: str, *, dry_run: bool) -> ForgottenFromStore:
    with workspace.database.consistent():
        records = list(starmap(RecordRow, workspace.database.read("records_of_session", session_id=session_id)))
        assignments = list(starmap(AssignmentRow, workspace.database.read("assignments", session_id=session_id)))
        decisions = workspace.database.read("decisions_of_session", session_id=session_id)
        if not dry_run:
            _take_out(workspace, session_id, records, assignments)
            workspace.forget()
    if not dry_run:
        workspace.database.compact()
    return ForgottenFromStore(records=len(records), assignments=len(assignments), decisions=len(decisions))


def _take_out(
    workspace: Workspace, session_id: str, records: list[RecordRow], assignments: list[AssignmentRow]
) -> None:
    with workspace.working(workspace.clock(), session_id) as work:
        for row in records:
            work.book.remove(record_of(row), row.epoch)
        work.book.settle()
        keys = [(row.learning_id, session_id) for row in records]
        work.transaction.write("rm_record", keys)
        work.transaction.write("rm_detail", keys)
        drawn = [(session_id, row.learning_id) for row in assignments]
        work.transaction.write("rm_assignment", drawn)
        work.transaction.write("rm_assignment_section", drawn)
        work.transaction.write("rm_session", [[session_id]])
        work.transaction.write("put_forgotten", [[digest_of(session_id)]])
        learning_ids = sorted({row.learning_id for row in records} & set(work.draft.histories))
        work.lifecycle.bring_up_to_date(learning_ids)
        work.lifecycle.release(session_id)


def forget_learning(workspace: Workspace, learning_id: str, *, dry_run: bool) -> ForgottenFromStore:
    """Its records no longer stand beside others' in companions and global sums. Raises `NotFound`."""
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        rows = {name: workspace.database.read(f"{name}_keys", learning_id=learning_id) for name in _OF_LEARNING}
        if not dry_run:
            epoch = memory.histories[learning_id].standing.epoch
            current = memory.totals.get((learning_id, epoch), NOTHING).sums.temporal
            with workspace.database.transaction() as transaction:
                for name, keys in rows.items():
                    transaction.write(f"rm_{name}", keys)
                rest = temporal_row(memory.global_sums - current)
                transaction.write("put_global_sums", [[0, *rest]])
            workspace.forget()
    if not dry_run:
        workspace.database.compact()
    return ForgottenFromStore(
        learnings=1,
        records=len(rows["record"]),
        assignments=len(rows["assignment"]),
        decisions=len(rows["decision"]),
    )


#: whatever has a learning's id in its key: `X_keys` finds it, `rm_X` removes it
_OF_LEARNING = (
    "learning",
    "standing",
    "decision",
    "unpublished",
    "assignment",
    "assignment_section",
    "member",
    "policy_line",
    "record",
    "detail",
    "sums",
    "arms",
    "value",
    "experiment",
)

"""A person has a session or a learning forgotten: its rows go, and values are again a function of the records that remain."""

from itertools import starmap

from worker.store.cozo.accounting import design_of, stored_design, take_out
from worker.store.cozo.database import Transaction
from worker.store.cozo.memory import NOTHING
from worker.store.cozo.rows import AssignmentRow, RecordRow
from worker.store.cozo.sessions import digest_of
from worker.store.cozo.totals import temporal_row
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.changes import ForgottenFromStore


def forget_session(workspace: Workspace, session_id: str, *, dry_run: bool) -> ForgottenFromStore:
    with workspace.database.consistent():
        records = list(starmap(RecordRow, workspace.database.read("records_of_session", session_id=session_id)))
        assignments = list(starmap(AssignmentRow, workspace.database.read("assignments", session_id=session_id)))
        decisions = workspace.database.read("decisions_of_session", session_id=session_id)
        if not dry_run:
            _take_out(workspace, session_id, records, assignments)
            workspace.forget()
    return ForgottenFromStore(records=len(records), assignments=len(assignments), decisions=len(decisions))


def _take_out(
    workspace: Workspace, session_id: str, records: list[RecordRow], assignments: list[AssignmentRow]
) -> None:
    with workspace.working(workspace.clock(), session_id) as work:
        if records:
            take_out(work, stored_design(work, session_id, records), records)
        work.book.settle()
        work.transaction.write("rm_design", [[session_id]])
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
    """Forget a learning: its records no longer stand beside others' in companions and global sums. Raises `NotFound`."""
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
                for _, session_id in rows["record"]:
                    _redesign(transaction, session_id, without=learning_id)
            workspace.forget()
    return ForgottenFromStore(
        learnings=1,
        records=len(rows["record"]),
        assignments=len(rows["assignment"]),
        decisions=len(rows["decision"]),
    )


def _redesign(transaction: Transaction, session_id: str, *, without: str) -> None:
    """The models no longer see the learning in the session; of a section, its learnings stand for themselves."""
    design = design_of(transaction, session_id)
    rest = tuple(one for one in design.records if one.learning_id != without)
    sections = transaction.read("sections_of_assignments", session_id=session_id)
    members = frozenset(row[0] for row in sections if without not in row)
    if rest:
        transaction.write("put_design", [design._replace(records=rest, members=members).row()])
    else:
        transaction.write("rm_design", [[session_id]])


#: whatever has a learning's id in its key: `X_keys` finds it, `rm_X` removes it
_OF_LEARNING = (
    "learning",
    "former_text",
    "standing",
    "decision",
    "undone",
    "unpublished",
    "assignment",
    "assignment_section",
    "member",
    "policy_line",
    "record",
    "detail",
    "sums",
    "arms",
    "arm_sums",
    "value",
    "experiment",
)

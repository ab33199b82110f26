"""A session's records going in, replaced and taken away, and what its end publishes."""

from itertools import starmap

from worker.domain import AttributionRecord, Decision, DecisionKind, LearningValue, SessionVersion
from worker.formats.record import UNKNOWN_LEARNING, refuse_not_finite
from worker.store.cozo.accounting import design_after, epoch_of, stored_design, take_out
from worker.store.cozo.database import CozoDatabase
from worker.store.cozo.lifecycle import Cause
from worker.store.cozo.record_codec import record_of, record_row, version_of
from worker.store.cozo.row_codec import decision_of
from worker.store.cozo.rows import DecisionRow, RecordRow
from worker.store.cozo.sessions import mark_finished, may_have_records, note_records, take_version
from worker.store.cozo.workspace import UnitOfWork, Workspace, must_know
from worker.store.shapes.attempts import FinishedSession


def store_record(workspace: Workspace, record: AttributionRecord, version: SessionVersion) -> None:
    refuse_not_finite(record)
    session_id, learning_id = record.session_id, record.learning_id
    with workspace.working(version.timestamp, session_id) as work:
        take_version(work.transaction, work.draft, session_id, version)
        must_know(work.draft, [learning_id])
        before = _rows_before(work, session_id)
        note_records(work.draft, session_id, [learning_id])
        kept = [row for row in before if row.learning_id != learning_id]
        _account(work, session_id, before=before, kept=kept, records=[record])
        _write_record(work, record, version)


def finish(
    workspace: Workspace, session_id: str, version: SessionVersion, records: list[AttributionRecord]
) -> FinishedSession:
    _refuse_unfit(session_id, records)
    with workspace.working(workspace.clock(), session_id) as work:
        known = take_version(work.transaction, work.draft, session_id, version)
        taken = [record for record in records if record.learning_id in work.draft.histories]
        before = _rows_before(work, session_id)
        kept = _replace(work, session_id, version, before, taken)
        learning_ids = sorted({*(row.learning_id for row in before), *(record.learning_id for record in taken)})
        note_records(work.draft, session_id, learning_ids)
        # a version's deprecations are settled when it first finishes; what shows later waits for the next session
        if known.is_finished:
            values, _ = work.lifecycle.bring_up_to_date(learning_ids)
            deprecations = _deprecations(workspace.database, session_id, version)
        else:
            values, deprecations = _conclude(work, Cause(session_id=session_id, version=version), learning_ids)
    return FinishedSession(
        kept=tuple(sorted(map(record_of, kept), key=lambda record: record.learning_id)),
        values=tuple(values),
        deprecations=tuple(sorted(deprecations, key=lambda decision: (decision.learning_id, decision.number))),
        refused=dict.fromkeys(
            sorted({record.learning_id for record in records}.difference(learning_ids)), UNKNOWN_LEARNING
        ),
    )


def _rows_before(work: UnitOfWork, session_id: str) -> list[RecordRow]:
    if not may_have_records(work.draft, session_id):
        return []
    return list(starmap(RecordRow, work.transaction.read("records_of_session", session_id=session_id)))


def _replace(
    work: UnitOfWork,
    session_id: str,
    version: SessionVersion,
    before: list[RecordRow],
    records: list[AttributionRecord],
) -> list[RecordRow]:
    """These records in, those of other versions out -> what else this version has."""
    replaced = {record.learning_id for record in records}
    others = [row for row in before if row.learning_id not in replaced]
    kept = [row for row in others if version_of(row) == version]
    gone = [(row.learning_id, row.session_id) for row in others if version_of(row) != version]
    work.transaction.write("rm_record", gone)
    work.transaction.write("rm_detail", gone)
    _account(work, session_id, before=before, kept=kept, records=records)
    for record in records:
        _write_record(work, record, version)
    return kept


def _conclude(work: UnitOfWork, cause: Cause, learning_ids: list[str]) -> tuple[list[LearningValue], list[Decision]]:
    """This version's first finish: it carries the transitions it caused, those that nobody carried yet, and its predecessors'."""
    values, deprecations = work.lifecycle.bring_up_to_date(learning_ids, cause=cause)
    carried = work.lifecycle.carry(cause)
    if not work.draft.sessions[cause.session_id].is_first:
        carried += work.lifecycle.take_over(cause)
    mark_finished(work.transaction, work.draft, cause.session_id)
    return values, [*deprecations, *carried]


def _account(
    work: UnitOfWork,
    session_id: str,
    *,
    before: list[RecordRow],
    kept: list[RecordRow],
    records: list[AttributionRecord],
) -> None:
    """All of the session's records out as they counted, and in as they count now: what is expected of one depends on the others."""
    was = stored_design(work, session_id, before) if before else None
    background = next((one.background for one in records if one.background), was.background if was else None)
    now = design_after(work, session_id, background, kept, records)
    outlook = now.outlook(work.draft.outlook)
    if was is not None:
        take_out(work, was, before)
    for row in kept:
        work.book.add(record_of(row), row.epoch, outlook)
    for record in records:
        work.book.add(record, epoch_of(work, record), outlook)
    work.book.settle()
    if now.records:
        work.transaction.write("put_design", [now.row()])
    elif was is not None:
        work.transaction.write("rm_design", [[session_id]])


def _write_record(work: UnitOfWork, record: AttributionRecord, version: SessionVersion) -> None:
    """The record with the epoch it counts in."""
    *columns, detail_json = record_row(record, epoch=epoch_of(work, record), version=version)
    work.transaction.write("put_record", [columns])
    work.transaction.write("put_detail", [[record.learning_id, record.session_id, detail_json]])


def _deprecations(database: CozoDatabase, session_id: str, version: SessionVersion) -> list[Decision]:
    """Read back from the decision log: what the version's first finish carried."""
    rows = database.read(
        "decisions_of_version", session_id=session_id, event_id=version.event_id, attempt=version.attempt
    )
    found = [decision_of(DecisionRow(*row)) for row in rows]
    return [d for d in found if d.kind is DecisionKind.DEPRECATED and d.version == version]


def _refuse_unfit(session_id: str, records: list[AttributionRecord]) -> None:
    for record in records:
        refuse_not_finite(record)
    if {record.session_id for record in records} - {session_id}:
        raise ValueError(f"not all of these records belong to session {session_id}")
    if len({record.learning_id for record in records}) != len(records):
        raise ValueError(f"session {session_id}: two records of one learning")

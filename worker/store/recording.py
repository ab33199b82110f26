"""A session's records going in, replaced and taken away, and what its end publishes."""

from worker.domain import AttributionRecord, Decision, DecisionKind, LearningValue, SessionVersion
from worker.store.database import CozoDatabase, Row
from worker.store.lifecycle import Cause
from worker.store.protocol import FinishedSession
from worker.store.rows import decision_of, detail_row, record_of, record_row, refuse_not_finite, version_of
from worker.store.sessions import mark_finished, note_records, take_version
from worker.store.workspace import Work, Workspace, must_know


def store_records(workspace: Workspace, records: list[AttributionRecord], version: SessionVersion) -> None:
    session_id, learning_ids = _only_session(records), [record.learning_id for record in records]
    for record in records:
        refuse_not_finite(record)
    with workspace.working(version.timestamp, session_id) as work:
        take_version(work.transaction, work.draft, session_id, version)
        must_know(work.draft, learning_ids)
        known = note_records(work.draft, session_id, learning_ids)
        if known:
            _take_out(work, work.transaction.read("records", keys=[[learning_id, session_id] for learning_id in known]))
        for record in records:
            _put_in(work, record, version)
        work.book.settle()


def finish(workspace: Workspace, session_id: str, version: SessionVersion) -> FinishedSession:
    with workspace.working(workspace.clock(), session_id) as work:
        known = take_version(work.transaction, work.draft, session_id, version)
        rows = work.transaction.read("records_of_session", session_id=session_id)
        _remove(work, [row for row in rows if version_of(row) != version])
        learning_ids = [row[0] for row in rows]
        # a version's deprecations are settled when it first finishes; what shows later waits for the next session
        if known.is_finished:
            values, _ = work.lifecycle.bring_up_to_date(learning_ids)
            deprecations = _deprecations(workspace.database, session_id, version)
        else:
            values, deprecations = _conclude(work, Cause(session_id=session_id, version=version), learning_ids)
    return FinishedSession(
        records=tuple(record_of(row) for row in rows if version_of(row) == version),
        values=tuple(values),
        deprecations=tuple(sorted(deprecations, key=lambda decision: (decision.learning_id, decision.number))),
    )


def _conclude(work: Work, cause: Cause, learning_ids: list[str]) -> tuple[list[LearningValue], list[Decision]]:
    """This version's first finish: it carries the transitions it caused, and those that nobody carried yet."""
    values, deprecations = work.lifecycle.bring_up_to_date(learning_ids, cause=cause)
    carried = work.lifecycle.carry(cause)
    mark_finished(work.transaction, work.draft, cause.session_id)
    return values, [*deprecations, *carried]


def _put_in(work: Work, record: AttributionRecord, version: SessionVersion) -> None:
    epoch = record.epoch or work.draft.histories[record.learning_id].epoch_at(record.timestamp)
    work.book.add(record, epoch)
    work.transaction.write("put_record", [record_row(record, epoch=epoch, version=version)])
    work.transaction.write("put_detail", [detail_row(record)])


def _take_out(work: Work, rows: list[Row]) -> None:
    for row in rows:
        work.book.remove(record_of(row), row[13])


def _remove(work: Work, rows: list[Row]) -> None:
    _take_out(work, rows)
    work.book.settle()
    keys = [row[:2] for row in rows]
    work.transaction.write("rm_record", keys)
    work.transaction.write("rm_detail", keys)


def _deprecations(database: CozoDatabase, session_id: str, version: SessionVersion) -> list[Decision]:
    """Read back from the decision log: what the version's first finish carried."""
    rows = database.read(
        "decisions_of_version", session_id=session_id, event_id=version.event_id, attempt=version.attempt
    )
    found = [decision_of(row) for row in rows]
    return [d for d in found if d.kind is DecisionKind.DEPRECATED and d.version == version]


def _only_session(records: list[AttributionRecord]) -> str:
    learning_ids = {record.learning_id for record in records}
    session_ids = {record.session_id for record in records}
    if len(session_ids) != 1 or len(learning_ids) != len(records):
        raise ValueError("records stored together belong to one session and to different learnings")
    return records[0].session_id

"""A session's records in the sums: as the models in force see the whole session, before a change and after it."""

from collections.abc import Sequence
from itertools import starmap

from worker.domain import AttributionRecord, SessionBackground
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.designs import Brief, SessionDesign, background_of
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.rows import DesignRow, RecordRow
from worker.store.cozo.workspace import UnitOfWork


def design_of(source: Transaction | CozoDatabase, session_id: str) -> SessionDesign:
    """From the records as they are stored."""
    found = source.read("designs", keys=[[session_id]])
    sections = source.read("sections_of_assignments", session_id=session_id)
    return SessionDesign(
        session_id=session_id,
        background=background_of(DesignRow(*found[0])) if found else None,
        records=tuple(starmap(Brief, source.read("briefs_of_session", session_id=session_id))),
        members=frozenset(row[0] for row in sections),
    )


def stored_design(work: UnitOfWork, session_id: str, rows: Sequence[RecordRow]) -> SessionDesign:
    """Of the session's stored records."""
    found = work.transaction.read("designs", keys=[[session_id]])
    background = background_of(DesignRow(*found[0])) if found else None
    return SessionDesign(session_id, background, tuple(map(_brief, rows)), _members(work, session_id))


def design_after(
    work: UnitOfWork,
    session_id: str,
    background: SessionBackground | None,
    kept: Sequence[RecordRow],
    records: Sequence[AttributionRecord],
) -> SessionDesign:
    """Of the records that stay and those that come."""
    coming = [
        Brief(
            record.learning_id,
            epoch_of(work, record),
            record.was_withheld,
            record.withhold_probability,
            record.session_outcome,
            record.timestamp,
        )
        for record in records
    ]
    return SessionDesign(session_id, background, (*map(_brief, kept), *coming), _members(work, session_id))


def take_out(work: UnitOfWork, design: SessionDesign, rows: Sequence[RecordRow]) -> None:
    """All of a session's records, as they counted."""
    outlook = design.outlook(work.draft.outlook)
    for row in rows:
        work.book.remove(record_of(row), row.epoch, outlook)


def epoch_of(work: UnitOfWork, record: AttributionRecord) -> int:
    """The one that it counts in."""
    return record.epoch or work.draft.histories[record.learning_id].epoch_at(record.timestamp)


def _members(work: UnitOfWork, session_id: str) -> frozenset[str]:
    """Those that were drawn with a section."""
    if not work.draft.has_sections:
        return frozenset()
    return frozenset(row[0] for row in work.transaction.read("sections_of_assignments", session_id=session_id))


def _brief(row: RecordRow) -> Brief:
    return Brief(
        row.learning_id, row.epoch, row.was_withheld, row.withhold_probability, row.session_outcome, row.timestamp
    )

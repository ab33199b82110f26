"""What is known of sessions as a whole: of those that earlier releases stored, brought in later; and what the models make of it."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import starmap

from worker.domain import SessionBackground
from worker.store.cozo.accounting import design_of, take_out
from worker.store.cozo.database import CozoDatabase
from worker.store.cozo.designs import Brief, SessionDesign, background_of
from worker.store.cozo.record_codec import record_of
from worker.store.cozo.rows import DesignRow, RecordRow, SummedRow
from worker.store.cozo.workspace import UnitOfWork, Workspace
from worker.store.shapes.upkeep import OutlookStatus

_PORTION = 2000


def migrate(database: CozoDatabase) -> None:
    """Sessions that earlier releases stored get their rows, once; what is known of them as a whole comes later, if at all."""
    if database.read("meta", key="designs"):
        return
    sessions: defaultdict[str, list[Brief]] = defaultdict(list)
    after = ""
    for learning_id in sorted({row[0] for row in database.read("all_sums")}):
        found = database.read("summed_records_between", after=after, upto=learning_id)
        after = learning_id
        for row in starmap(SummedRow, found):
            sessions[row.session_id].append(
                Brief(
                    row.learning_id,
                    row.epoch,
                    row.was_withheld,
                    row.withhold_probability,
                    row.session_outcome,
                    row.timestamp,
                )
            )
    session_ids = sorted(sessions)
    for start in range(0, len(session_ids), _PORTION):
        portion = session_ids[start : start + _PORTION]
        designs = (SessionDesign(id_, None, tuple(sessions[id_]), frozenset()) for id_ in portion)
        database.commit({"put_design": [design.row() for design in designs]})
    database.commit({"put_meta": [["designs", "1"]]})


def take_backgrounds(workspace: Workspace, given: Mapping[str, SessionBackground | None]) -> int:
    """`None`: nobody can tell. Only of sessions that have none -> of how many something is known now."""
    with workspace.working(workspace.clock()) as work:
        return sum(_take(work, session_id, background) for session_id, background in given.items())


def _take(work: UnitOfWork, session_id: str, background: SessionBackground | None) -> bool:
    rows = work.transaction.read("designs", keys=[[session_id]])
    if not rows or DesignRow(*rows[0]).has_background:
        return False
    if background is None:
        work.transaction.write("put_design", [DesignRow(*rows[0])._replace(has_background=False)])
        return False
    was = design_of(work.transaction, session_id)
    now = was._replace(background=background)
    outlook = now.outlook(work.draft.outlook)
    records = list(starmap(RecordRow, work.transaction.read("records_of_session", session_id=session_id)))
    take_out(work, was, records)
    for row in records:
        work.book.add(record_of(row), row.epoch, outlook)
    work.book.settle()
    work.transaction.write("put_design", [now.row()])
    return True


def backgrounds_of(database: CozoDatabase, session_ids: list[str]) -> dict[str, SessionBackground | None]:
    rows = database.read("designs", keys=[[session_id] for session_id in session_ids])
    return {row.session_id: background_of(row) for row in starmap(DesignRow, rows)}


def outlook_status(workspace: Workspace) -> OutlookStatus:
    with workspace.reading() as memory:
        known = int(workspace.database.read("count_background")[0][0] or 0)
        of = memory.outlook
        return OutlookStatus(
            mode=workspace.parameters.outlook.mode,
            models=len(of.models),
            explained=of.explained,
            sessions=int(workspace.database.read("count_designs")[0][0] or 0),
            sessions_with_background=known,
        )

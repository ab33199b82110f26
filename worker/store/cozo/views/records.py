"""A page of a learning's records, and sessions in sums; the database chooses, orders and counts."""

from collections.abc import Sequence
from typing import Any

from worker.store.cozo.designs import levels_of
from worker.store.cozo.workspace import Workspace, must_know
from worker.store.shapes.learning import LeanRecord, RecordPage, RecordsWanted, SessionSummary

_EITHER = (True, False)


def records(workspace: Workspace, learning_id: str, wanted: RecordsWanted) -> RecordPage:
    with workspace.reading() as memory:
        must_know(memory, [learning_id])
        epochs = range(1, len(memory.histories[learning_id].epoch_starts) + 1)
        chosen: dict[str, Any] = {
            "learning_id": learning_id,
            "withheld": _wanted(wanted.was_withheld),
            "used": _wanted(wanted.was_used),
            "randomised": _wanted(wanted.is_randomised),
            "epochs": list(epochs) if wanted.epoch is None else [wanted.epoch],
        }
        [[total]] = workspace.database.read("count_lean_records", **chosen)
        page = {"sort": str(wanted.sort), "offset": wanted.offset, "limit": wanted.limit}
        rows = workspace.database.read("lean_records", **chosen, **page)
    return RecordPage(total=total or 0, records=tuple(_record(row[2:]) for row in rows))


def sessions(workspace: Workspace, session_ids: Sequence[str]) -> list[SessionSummary]:
    keys = [[id_] for id_ in dict.fromkeys(session_ids)]
    with workspace.database.consistent():
        found = workspace.database.read("session_summaries", keys=keys)
        designs = workspace.database.read("designs", keys=keys)
    levels = dict(zip((row[0] for row in designs), levels_of(designs), strict=True))
    by_id = {row[0]: _summary(*row, levels=levels.get(row[0], ())) for row in found}
    return [by_id[session_id] for session_id in dict.fromkeys(session_ids) if session_id in by_id]


def _wanted(chosen: bool | None) -> list[bool]:
    return list(_EITHER) if chosen is None else [chosen]


def _record(columns: Sequence[Any]) -> LeanRecord:
    return LeanRecord(**dict(zip(LeanRecord.__dataclass_fields__, columns, strict=True)))


def _summary(
    session_id: str,
    timestamp: int,
    low: float,
    high: float,
    learnings: int,
    used: float,
    withheld: float,
    moved: float,
    *,
    levels: tuple[str, ...],
) -> SessionSummary:
    """The database sums in fractions."""
    return SessionSummary(
        session_id=session_id,
        timestamp=timestamp,
        outcome_low=low,
        outcome_high=high,
        learnings=learnings,
        used=int(used),
        withheld=int(withheld),
        attributed=moved,
        levels=levels,
    )

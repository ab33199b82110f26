"""Sessions by how they ended and where, from what the models see of each: one row a session."""

from collections import Counter
from typing import NamedTuple

from worker.store.cozo.designs import levels_of, outcomes_of
from worker.store.cozo.rows import DesignRow
from worker.store.cozo.workspace import Workspace
from worker.store.shapes.sessions import Ending, SessionPage, SessionsWanted

_PROJECT = "project="


class _Found(NamedTuple):
    timestamp: int
    session_id: str
    outcome: Ending
    #: empty: nobody said
    project: str


def find_sessions(workspace: Workspace, wanted: SessionsWanted) -> SessionPage:
    rows = workspace.database.read("all_designs")
    every = [_found(DesignRow(*row), levels) for row, levels in zip(rows, levels_of(rows), strict=True)]
    chosen = [one for one in every if wanted.outcome in (None, one.outcome) and wanted.project in ("", one.project)]
    chosen.sort(key=lambda one: (-one.timestamp, one.session_id))
    projects = Counter(one.project for one in every if one.project)
    return SessionPage(
        total=len(chosen),
        session_ids=tuple(one.session_id for one in chosen[wanted.offset : wanted.offset + wanted.limit]),
        outcomes=dict(Counter(one.outcome for one in every)),
        projects=dict(sorted(projects.items())),
    )


def _found(row: DesignRow, levels: tuple[str, ...]) -> _Found:
    lowest, highest = outcomes_of(row)
    middle = lowest + highest
    outcome = Ending.GOOD if middle > 0 else Ending.BAD if middle < 0 else Ending.NEITHER
    project = next((level.removeprefix(_PROJECT) for level in levels if level.startswith(_PROJECT)), "")
    return _Found(row.timestamp, row.session_id, outcome, project)

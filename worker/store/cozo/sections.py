"""Sections: learnings that are injected or withheld together. The section is a learning of its own; it has the draw and the verdict."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from worker.domain import DecisionKind
from worker.store.cozo.workspace import UnitOfWork, Workspace, must_know
from worker.store.shapes.sections import Section


def draw_together(workspace: Workspace, sections: Mapping[str, str | None], *, actor: str, now: int) -> list[str]:
    """`sections`: learning -> the section that it is drawn with from now on, None: by itself -> those that changed.

    Raises `NotFound` for an unknown one of either, `ValueError` where a section would stand in a section.
    """
    with workspace.working(now) as work:
        must_know(work.draft, [*sections, *filter(None, sections.values())])
        changed = [id_ for id_, section in sections.items() if _section_of(work, id_) != (section or "")]
        for learning_id in changed:
            _move(work, learning_id, sections[learning_id] or "", actor)
        _refuse_nested(work)
        work.lifecycle.bring_up_to_date(changed)
    return changed


def sections(workspace: Workspace, *, of: str = "") -> list[Section]:
    """Each with its value and its learnings, by id; with `of` only the one that this learning is, or stands in."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    with workspace.reading() as memory:
        for learning_id in sorted(memory.histories):
            if section := memory.histories[learning_id].standing.drawn_with:
                members[section].append(learning_id)
        return [
            Section(
                section=memory.learnings[section],
                value=workspace.valuer.value(memory, section),
                learnings=tuple(workspace.valuer.value(memory, learning_id) for learning_id in ids),
            )
            for section, ids in sorted(members.items())
            if not of or of in (section, *ids)
        ]


def _section_of(work: UnitOfWork, learning_id: str) -> str:
    return work.draft.histories[learning_id].standing.drawn_with


def _move(work: UnitOfWork, learning_id: str, section: str, actor: str) -> None:
    kind = DecisionKind.GROUPED if section else DecisionKind.UNGROUPED
    reason = f"drawn with its section {section}" if section else "drawn by itself"
    work.lifecycle.append(learning_id, kind, actor=actor, reason=reason)
    history = work.draft.histories[learning_id]
    work.draft.histories[learning_id] = replace(history, standing=replace(history.standing, drawn_with=section))
    if section:
        work.draft.has_sections = True
        work.transaction.write("put_member", [[learning_id, section]])
    else:
        work.transaction.write("rm_member", [[learning_id]])


def _refuse_nested(work: UnitOfWork) -> None:
    holders = {history.standing.drawn_with for history in work.draft.histories.values()} - {""}
    for section in sorted(holders):
        if outer := _section_of(work, section):
            raise ValueError(f"{section} stands in the section {outer}: a section stands in no other one")

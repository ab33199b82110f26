"""Which line of a learning's log an undo takes back, and what that leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain import Decision, DecisionKind, Standing
from worker.errors import CannotUndo, NotFound
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.history import decided_since, fold, taken_back
from worker.store.cozo.row_codec import decision_of
from worker.store.cozo.rows import DecisionRow

#: what a person may decide; the other kinds of line are written by the store itself
PEOPLE_DECIDE = frozenset(
    {DecisionKind.ENABLED, DecisionKind.DISABLED, DecisionKind.PINNED, DecisionKind.UNPINNED, DecisionKind.TRIED}
)
#: who writes the lines that no person asked for
RULE = "rule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Undoing:
    #: to be taken back
    line: Decision
    #: the learning's standing without it; its epoch's start is the store's business
    leaves: Standing


def read_log(source: CozoDatabase | Transaction, learning_id: str) -> list[Decision]:
    """A learning's lines in order, each undo with the line that it takes back."""
    undoes: dict[int, int] = {row[0]: row[1] for row in source.read("undone", learning_id=learning_id)}
    rows = sorted(DecisionRow(*row) for row in source.read("decisions", learning_id=learning_id))
    return [decision_of(row, undoes=undoes.get(row.number)) for row in rows]


def undoing(lines: Sequence[Decision], number: int | None) -> Undoing | Decision:
    """What the undo of this line would do (None: of the newest that a person wrote); or the line that took it back already.

    An undo can be undone by its number; without a number it is not: whoever asks twice wants the same. Raises `CannotUndo`
    where there is nothing to take back, for what is no line of a person's, and where something else was decided since. It is
    `NotFound` for a line that is not there.
    """
    line = _named(lines, number)
    if number is None and line.kind is DecisionKind.UNDONE:
        return line
    if (already := _taken_back_by(lines, line.number)) is not None:
        return already
    folded = fold(lines)
    before, after, now = (folded[place].standing for place in (line.number - 1, line.number, -1))
    if decided_since(now, before=before, after=after):
        raise CannotUndo(f"line {line.number} ({line.kind}) cannot be undone: something else was decided since")
    return Undoing(line=line, leaves=taken_back(now, before=before, after=after))


def _named(lines: Sequence[Decision], number: int | None) -> Decision:
    theirs = [line for line in lines if line.kind in {*PEOPLE_DECIDE, DecisionKind.UNDONE} and line.actor != RULE]
    if number is None:
        if not theirs:
            raise CannotUndo("nobody decided anything about it that could be undone")
        return theirs[-1]
    found = next((line for line in lines if line.number == number), None)
    if found is None:
        raise NotFound(f"there is no line {number}: its history has {len(lines)}")
    if found not in theirs:
        raise CannotUndo(f"line {number} ({found.kind}) is no decision of a person's that could be undone")
    return found


def undone_lines(lines: Sequence[Decision]) -> set[int]:
    """Numbers of the lines that are taken back as it stands."""
    return {line.number for line in lines if _taken_back_by(lines, line.number) is not None}


def _taken_back_by(lines: Sequence[Decision], number: int) -> Decision | None:
    """The undo of this line that stands."""
    undos = [line for line in lines if line.undoes == number]
    return undos[-1] if undos and _taken_back_by(lines, undos[-1].number) is None else None

"""Lines of rules files that were not taken as learnings, so that a person sees them and can say otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass

from assessor.rules.asks import asks
from assessor.rules.catalogue import pieces_of
from assessor.rules.files import RulesFile
from assessor.rules.units import NoRule, Piece
from assessor.secrets import scrub
from worker.formats.learnings_file import POINTER

#: none would take them for rules of the project; they are counted and not shown
_PLAIN = frozenset({NoRule.DESCRIPTION, NoRule.TITLE, NoRule.ASSISTANT})


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    path: str
    #: of its first line, from 1
    line: int
    why: NoRule
    text: str

    @property
    def is_shown(self) -> bool:
        """Whether a person may have meant it as a rule: a list's item, a table's row, an order in brackets."""
        return self.why not in _PLAIN

    @property
    def shown(self) -> str:
        """Names the place and the beginning of the first line, on one line."""
        return f"{self.path}:{self.line}: {self.text.partition(chr(10))[0][:80]}"


def left_out(files: Iterable[RulesFile]) -> list[LeftOut]:
    """In the order of the files and their lines, without the line of adopting. A heading is named only where it reads like an order."""
    return [
        _left(file, piece)
        for file in files
        for piece in pieces_of(file.text, file.family, "bullet")
        if piece.no_rule is not None and piece.text != POINTER and (asks(piece.text) or not piece.is_title)
    ]


def _left(file: RulesFile, piece: Piece) -> LeftOut:
    assert piece.no_rule is not None, "only what is no rule is left out"
    return LeftOut(path=str(file.path), line=piece.first + 1, why=piece.no_rule, text=scrub(piece.text))

"""The managed file as pieces: one a learning or a section, with the id that stands in the file."""

from assessor.rules.split import split
from assessor.rules.units import Piece, PieceKind, lines_of
from worker.formats.learnings_file import Block, LearningsFile


def managed_pieces(text: str, unit: str) -> tuple[Piece, ...]:
    """`unit`: "section" gives the sections alone, otherwise every learning; lines are those of the file."""
    file = LearningsFile.parse(text)
    found: list[Piece] = []
    line, known = len(lines_of(file.top)), file.learnings
    units = {each.id: each.text for each in file.units}
    for block in file.blocks:
        last = line + len(lines_of(block.source))
        id_ = block.id if block.kind == "section" else block.section
        if unit == "section" and id_ in units:
            found.append(Piece(kind=PieceKind.SECTION, text=units.pop(id_), first=line, last=last, given_id=id_))
        elif unit != "section" and known.get(block.id) is block:
            found.append(
                Piece(kind=PieceKind.ITEM, text=_without_mark(block), first=line, last=last, given_id=block.id)
            )
        line = last
    return tuple(found)


def _without_mark(block: Block) -> str:
    """The block's text as it would read in a rules file."""
    pieces = [piece for piece in split(block.text) if piece.is_learning]
    return pieces[0].text if len(pieces) == 1 and pieces[0].first == 0 else block.text

"""Sections as learnings: with few sessions an experiment over whole sections answers in weeks, over bullets in years."""

from collections.abc import Iterable
from itertools import groupby

from assessor.rules.units import NoRule, Piece, PieceKind

_Place = tuple[tuple[str, ...], str | None]


def sections(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Each run of pieces under one heading as one piece; a section that asks for nothing stays context."""
    placed = ((_place(piece), piece) for piece in pieces)
    return tuple(
        _section(place, [piece for _, piece in group]) for place, group in groupby(placed, lambda each: each[0])
    )


def _place(piece: Piece) -> _Place:
    return (*piece.headings, piece.text.partition("\n")[0]) if piece.is_title else piece.headings, piece.group


def _section(place: _Place, members: list[Piece]) -> Piece:
    headings, group = place
    return Piece(
        kind=PieceKind.SECTION if any(piece.is_learning for piece in members) else PieceKind.CONTEXT,
        text="\n".join(piece.text for piece in members if piece.text and piece.no_rule is not NoRule.ASSISTANT),
        first=members[0].first,
        last=members[-1].last,
        headings=headings,
        group=group,
    )

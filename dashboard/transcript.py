"""A session's transcript with the quotes highlighted that count as use: plain text in pieces, never markup."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.domain import BlockKind, Message, Signal, Transcript

#: characters of one block that are shown
MAX_SHOWN = 20_000
#: of what a tool answered, before it is folded
_FOLDED_FROM = 240


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A span that counts as use, as the record quotes it."""

    message_idx: int
    span: str
    #: which of the used learnings, as the page numbers them
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    text: str
    #: of the learnings whose use this is; empty: of none
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownBlock:
    kind: BlockKind
    tool: str
    pieces: tuple[Piece, ...]
    #: long answers of tools are folded
    is_folded: bool
    was_rejected: bool
    #: characters that are not shown
    cut: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownMessage:
    message_idx: int
    role: str
    blocks: tuple[ShownBlock, ...]
    signals: tuple[Signal, ...]
    #: numbers of the learnings used in it
    numbers: tuple[int, ...]
    #: quotes that stand nowhere in it as they were quoted
    unplaced: tuple[Quote, ...]


def shown_messages(transcript: Transcript, quotes: Sequence[Quote], signals: Sequence[Signal]) -> list[ShownMessage]:
    of_message: dict[int, list[Quote]] = {}
    for quote in quotes:
        of_message.setdefault(quote.message_idx, []).append(quote)
    heard: dict[int, list[Signal]] = {}
    for signal in signals:
        heard.setdefault(signal.message_idx, []).append(signal)
    return [_shown(message, of_message.get(message.message_idx, []), heard) for message in transcript.messages]


def _shown(message: Message, quotes: Sequence[Quote], heard: Mapping[int, Sequence[Signal]]) -> ShownMessage:
    blocks, placed = [], set()
    for block in message.blocks:
        text = block.text[:MAX_SHOWN]
        found = [(quote, place) for quote in quotes if (place := find(quote.span, text, block.tool or ""))]
        placed |= {quote for quote, _ in found}
        pieces = tuple(_pieces(text, [(*place, quote.number) for quote, place in found]))
        is_answer = block.kind in (BlockKind.TOOL_RESULT, BlockKind.TOOL_ERROR)
        blocks.append(
            ShownBlock(
                kind=block.kind,
                tool=block.tool or "",
                pieces=pieces,
                is_folded=is_answer and len(text) > _FOLDED_FROM,
                was_rejected=block.rejected,
                cut=len(block.text) - len(text),
            )
        )
    return ShownMessage(
        message_idx=message.message_idx,
        role=message.role,
        blocks=tuple(blocks),
        signals=tuple(heard.get(message.message_idx, ())),
        numbers=tuple(sorted({quote.number for quote in quotes})),
        unplaced=tuple(quote for quote in quotes if quote not in placed),
    )


def find(span: str, text: str, tool: str) -> tuple[int, int] | None:
    """Where a quote stands in a block; white space does not count, nor a tool's name before a call's input."""
    for wanted in (span, span.removeprefix(tool).lstrip() if tool else ""):
        words = wanted.split()
        if words and (match := re.search(r"\s+".join(map(re.escape, words)), text)):
            return match.span()
    return None


def _pieces(text: str, places: Sequence[tuple[int, int, int]]) -> Iterator[Piece]:
    """The text cut where a highlight begins or ends; highlights may overlap."""
    cuts = sorted({0, len(text), *(end for place in places for end in place[:2])})
    for start, end in pairwise(cuts):
        numbers = sorted({number for first, last, number in places if first <= start and end <= last})
        yield Piece(text=text[start:end], numbers=tuple(numbers))


def quotes_only(quotes: Sequence[Quote], signals: Sequence[Signal]) -> list[ShownMessage]:
    """Where the transcript is not kept, or not to be shown: the messages that are quoted, without their text."""
    empty = Transcript(
        messages=tuple(
            Message(message_idx=number, role="assistant", blocks=())
            for number in sorted({q.message_idx for q in quotes})
        )
    )
    return shown_messages(empty, quotes, signals)

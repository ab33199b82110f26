"""A session's chunks made ready to be searched for code: once a session, however many learnings name some."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from worker.layers.activation.evidence import ChunkKind, SessionChunks
from worker.layers.activation.looks import Look
from worker.layers.activation.named_code import NamedCode
from worker.layers.activation.reading import only_reads

_DONE = (ChunkKind.CODE, ChunkKind.COMMAND)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SearchableText:
    texts: tuple[str, ...]
    #: all texts in lower case, one after the other
    joined: str
    #: where each text begins in it, and where one more would; empty where lower case has changed a text's length
    starts: tuple[int, ...]
    #: per chunk, in the session's order: its message and its text's row
    chunks: tuple[tuple[int, int], ...]
    #: per chunk, its ChunkKind
    kinds: tuple[int, ...]
    #: per row, the numbers of its chunks
    chunks_of: dict[int, list[int]]
    #: rows that were written as code or run
    done: frozenset[int]
    #: whether anything was run: transcripts may hold no calls
    has_commands: bool

    def rows_with(self, code: NamedCode) -> frozenset[int]:
        """The texts in which it occurs; to look for a name is not to write it."""
        if not self.starts:
            rows = frozenset(row for row, text in enumerate(self.texts) if code.stands_in(text.lower()))
        else:
            rows = frozenset(row for look in code.looks for row in self._rows_with(look))
        return frozenset(row for row in rows if not self._only_reads(row)) if code.is_name else rows

    def mentions(self, code: NamedCode) -> bool:
        """Whether a program is named anywhere, in prose too."""
        return any(look.find(self.joined) for look in code.mentions)

    def _only_reads(self, row: int) -> bool:
        return all(only_reads(self.kinds[number], self.texts[row]) for number in self.chunks_of[row])

    def _rows_with(self, look: Look) -> list[int]:
        """One search through all texts at once; a match never reaches over two of them by accident of white space."""
        rows = []
        match = look.find(self.joined)
        while match:
            rows.append(bisect_right(self.starts, match.start()) - 1)
            match = look.find(self.joined, max(self.starts[rows[-1] + 1], match.end()))  # one is enough for a text
        return rows


@lru_cache(maxsize=4)
def searchable_text(chunks: SessionChunks) -> SearchableText:
    """Consecutive learnings mostly belong to the same few sessions."""
    joined = "\0".join(chunks.texts).lower()
    starts = tuple(accumulate((len(text) + 1 for text in chunks.texts), initial=0))
    pairs = tuple(zip(chunks.messages.tolist(), chunks.rows.tolist(), strict=True))
    kinds = tuple(chunks.kinds.tolist())
    chunks_of: dict[int, list[int]] = defaultdict(list)
    for number, (_, row) in enumerate(pairs):
        chunks_of[row].append(number)
    return SearchableText(
        texts=chunks.texts,
        joined=joined,
        starts=starts if len(joined) == starts[-1] - 1 else (),
        chunks=pairs,
        kinds=kinds,
        chunks_of=dict(chunks_of),
        done=frozenset(row for (_, row), kind in zip(pairs, kinds, strict=True) if kind in _DONE),
        has_commands=ChunkKind.COMMAND in kinds,
    )

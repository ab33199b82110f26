"""Explicit references: a learning's own commands, identifiers and paths found again in a chunk, as whole words."""

import re

from worker.domain import ExplicitReference
from worker.evidence import SessionEvidence
from worker.layers.activation.wording import named_code

_MOST = 20
_WORD_CHARACTER = re.compile(r"\w")
#: one plain word is never a reference, however it is quoted
_DISTINCTIVE = re.compile(r"[\s./:_()=*-]|[a-z][A-Z]")


def find_references(insight: str, evidence: SessionEvidence) -> tuple[ExplicitReference, ...]:
    """In the session's order, the first of each phrase and message; at most `_MOST`."""
    phrases = [phrase for phrase in named_code(insight) if is_distinctive(phrase)]
    lowered = [text.lower() for text in evidence.texts]
    hits = {phrase: _rows_with(phrase, lowered) for phrase in phrases}
    found: dict[tuple[str, int], ExplicitReference] = {}
    for message_idx, row in zip(evidence.chunk_messages.tolist(), evidence.chunk_rows.tolist(), strict=True):
        for phrase in (phrase for phrase in phrases if row in hits[phrase]):
            span = evidence.texts[row]
            found.setdefault(
                (phrase, message_idx), ExplicitReference(pattern=phrase, message_idx=message_idx, span=span)
            )
    return tuple(list(found.values())[:_MOST])


def is_distinctive(phrase: str) -> bool:
    return len(phrase) >= 4 and bool(_DISTINCTIVE.search(phrase.strip()))


def _rows_with(phrase: str, lowered: list[str]) -> frozenset[int]:
    needle = phrase.lower()
    whole = re.compile(_edge(needle[0], "(?<!\\w)") + re.escape(needle) + _edge(needle[-1], "(?!\\w)"))
    return frozenset(row for row, text in enumerate(lowered) if needle in text and whole.search(text))


def _edge(character: str, boundary: str) -> str:
    return boundary if _WORD_CHARACTER.match(character) else ""

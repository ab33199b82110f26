"""Does a learning's own text stand in the assistant's context? A withheld learning that is read all the same was not withheld."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from worker.domain import Block, Learning, Transcript

#: holds one word, which ends at its last letter or digit
_RUN = re.compile(r"[\w./-]+")
_SHINGLE = 3
_LEAST = 4
#: share of a learning's word triples that must stand in one block of the transcript
NEAR_COPY = 0.8

Shingle = tuple[str, ...]


def contaminated_learnings(learnings: Iterable[Learning], transcript: Transcript) -> frozenset[str]:
    """Ids of those whose text, or a near copy, is in some message of any role: prompts, rules files that were read, replies."""
    wanted = {learning.learning_id: frozenset(_shingles(learning.insight)) for learning in learnings}
    owners: dict[Shingle, list[str]] = defaultdict(list)
    for learning_id, shingles in wanted.items():
        for shingle in shingles:
            owners[shingle].append(learning_id)
    found: set[str] = set()
    for message in transcript.messages:
        for block in message.blocks:
            found |= _copied(block, wanted, owners)
    return frozenset(found)


def copied_share(original: str, text: str) -> float:
    """Share of the original's word triples that stand in the text; 0 where it has too few to tell."""
    shingles = frozenset(_shingles(original))
    return len(shingles.intersection(_shingles(text))) / len(shingles) if len(shingles) >= _LEAST else 0.0


def _copied(block: Block, wanted: dict[str, frozenset[Shingle]], owners: dict[Shingle, list[str]]) -> set[str]:
    hits: dict[str, set[Shingle]] = defaultdict(set)
    for shingle in _shingles(block.text):
        for learning_id in owners.get(shingle, ()):
            hits[learning_id].add(shingle)
    return {
        learning_id for learning_id, shingles in hits.items() if len(shingles) >= NEAR_COPY * len(wanted[learning_id])
    }


def _shingles(text: str) -> Iterator[Shingle]:
    """Word triples; the whole text where it has fewer words."""
    words = [word for run in _RUN.findall(text.lower()) if (word := run.rstrip("./-"))]
    if 0 < len(words) < _SHINGLE:
        return iter([tuple(words)])
    return zip(*(words[start:] for start in range(_SHINGLE)), strict=False)

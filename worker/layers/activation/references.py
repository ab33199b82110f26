"""Explicit references: the code that a learning names, found again in what the assistant wrote or ran."""

from worker.domain import ExplicitReference
from worker.layers.activation.features import LearningFeatures
from worker.layers.activation.named_code import CodeKind
from worker.layers.activation.searchable_text import SearchableText

_SPAN = 300
_LIMIT = 1000


def find_references(features: LearningFeatures, searched: SearchableText) -> tuple[ExplicitReference, ...]:
    """In the session's order, each phrase once a message. A file or one plain word is no reference: it stands anywhere."""
    distinctive = [(code, rows) for code, rows in features.found if rows and code.kind is not CodeKind.MENTIONED]
    references: dict[tuple[str, int], ExplicitReference] = {}
    for number in sorted({number for _, rows in distinctive for row in rows for number in searched.chunks_of[row]}):
        message_idx, row = searched.chunks[number]
        for code in (code for code, rows in distinctive if row in rows):
            reference = ExplicitReference(pattern=code.text, message_idx=message_idx, span=searched.texts[row][:_SPAN])
            references.setdefault((code.text, message_idx), reference)
        if len(references) >= _LIMIT:
            break
    return tuple(references.values())[:_LIMIT]

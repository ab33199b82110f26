"""Explicit references: the code that a learning names, found again in what the assistant wrote or ran."""

from worker.domain import ExplicitReference
from worker.evidence import SessionEvidence
from worker.layers.activation.features import LearningFeatures
from worker.layers.activation.named_code import CodeKind

_SPAN = 300
_LIMIT = 1000


def find_references(features: LearningFeatures, evidence: SessionEvidence) -> tuple[ExplicitReference, ...]:
    """In the session's order, each phrase once a message. A file or one plain word is no reference: it stands anywhere."""
    distinctive = [(code, rows) for code, rows in features.found if rows and code.kind is not CodeKind.MENTIONED]
    if not distinctive:
        return ()
    references: dict[tuple[str, int], ExplicitReference] = {}
    for message_idx, row in zip(evidence.chunk_messages.tolist(), evidence.chunk_rows.tolist(), strict=True):
        for code in (code for code, rows in distinctive if row in rows):
            reference = ExplicitReference(pattern=code.text, message_idx=message_idx, span=evidence.texts[row][:_SPAN])
            references.setdefault((code.text, message_idx), reference)
        if len(references) >= _LIMIT:
            break
    return tuple(references.values())[:_LIMIT]

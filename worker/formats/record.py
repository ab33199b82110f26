"""A record as bytes: how the ledger keeps it from the task that made it until its session is finished."""

import math
from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from worker.domain import AttributionRecord, EmbeddingSimilarity
from worker.errors import GrooveError

#: why there is none, or why it is refused: the learning was never imported, or is not in the copy that the store was restored from
UNKNOWN_LEARNING = "unknown learning: import it, then retry"


def to_bytes(record: AttributionRecord) -> bytes:
    """Raises `ValueError` for a number that is not finite."""
    refuse_not_finite(record)
    return _RECORD.dump_json(record)


def from_bytes(data: bytes) -> AttributionRecord:
    """Raises `GrooveError` when another release wrote it and this one cannot read it."""
    try:
        return _RECORD.validate_json(data)
    except ValidationError as error:
        raise GrooveError(f"a record that the ledger kept cannot be read: {error}") from error


def refuse_not_finite(record: AttributionRecord) -> None:
    """Raises `ValueError` for a NaN or an infinity anywhere in the record: one of them would spoil every sum it is added to."""
    if not all(map(math.isfinite, _numbers(record))):
        raise ValueError(f"the record of {record.learning_id} in {record.session_id} holds a number that is not finite")


def _numbers(record: AttributionRecord) -> Iterator[float]:
    yield from (record.activation_confidence, record.session_outcome, record.attributed_value)
    yield from (record.temporal_positive, record.temporal_negative, record.net_temporal)
    yield record.withhold_probability
    if record.background is not None:
        yield from (record.background.outcome or 0.0, record.background.sampling_probability)
    yield from record.activation_features.values()
    for sign in (*record.activation_signals, *record.activation_candidates):
        if isinstance(sign, EmbeddingSimilarity):
            yield sign.score
    for signal in record.signals:
        yield signal.confidence
    for contribution in record.temporal_contributions:
        yield from (contribution.weight, contribution.signal.confidence)


_RECORD = TypeAdapter(AttributionRecord)

"""Values as people ask for them: in which order, of which status and verdict, which page of them."""

from collections.abc import Callable, Iterable
from typing import Any

from worker.domain import LearningStatus, LearningValue, VerdictKind

#: what may be asked for -> the key that puts the best, surest, most used or most urgent first; ties stay as they are
ORDERS: dict[str, Callable[[LearningValue], Any]] = {
    "value": lambda value: -value.estimated_value,
    "confidence": lambda value: -value.confidence,
    "sessions": lambda value: -value.session_count,
    "verdict": lambda value: list(VerdictKind).index(value.verdict.kind),
}


def ranked(
    values: Iterable[LearningValue],
    *,
    sort: str,
    status: LearningStatus | None = None,
    verdict: VerdictKind | None = None,
) -> list[LearningValue]:
    wanted = [value for value in values if status in (None, value.status) and verdict in (None, value.verdict.kind)]
    return sorted(wanted, key=ORDERS[sort])

"""A session as the models see it: the features that it has, and which sessions' models it may be judged by."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from worker.domain import SessionBackground
from worker.layers.statistics.sums import MICRO

#: the feature that every session has
ALWAYS = "1"
#: models are fitted on all folds but one
FOLDS = 5
#: a session that was chosen for assessment less often than this stands for no more
_HEAVIEST = 10
_DAY = 86_400_000_000


class SessionFeatures(NamedTuple):
    """Of a session whose background is known."""

    session_id: str
    #: microseconds
    timestamp: int
    background: SessionBackground
    #: `presence` of every learning that was injected
    present: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return (ALWAYS, *self.background.levels, *sorted(self.present))


def presence(learning_id: str, epoch: int) -> str:
    """The feature of having a learning injected."""
    return f"+{learning_id}@{epoch}"


def injected(records: Iterable[tuple[str, int, bool]]) -> frozenset[str]:
    """Of a session's records: learning, epoch, whether it was withheld."""
    return frozenset(presence(learning_id, epoch) for learning_id, epoch, was_withheld in records if not was_withheld)


def fold_of(session_id: str, salt: str) -> int:
    """By hash, so that no order of sessions changes it."""
    digest = hashlib.sha256(f"{salt}|fold|{session_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % FOLDS


def day_of(timestamp: int) -> int:
    """UTC days since 1970."""
    return timestamp // _DAY


def weight_of(background: SessionBackground | None) -> int:
    """How many sessions it stands for, in millionths: the inverse of its chance to be assessed, up to ten."""
    if background is None or background.sampling_probability >= 1:
        return MICRO
    return round(min(1 / max(background.sampling_probability, 1e-9), _HEAVIEST) * MICRO)

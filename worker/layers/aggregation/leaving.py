"""Which learnings may go: by their verdict, or because hardly anybody uses them."""

from enum import StrEnum

from worker.domain import LearningStatus, LearningValue, VerdictKind

#: verdicts with which a learning may go
MAY_GO = frozenset({VerdictKind.REMOVE, VerdictKind.HARMFUL, VerdictKind.HARMLESS})
#: hardly ever used: in so small a share of so many sessions that had it
_UNUSED_SESSIONS, _UNUSED_SHARE = 30, 0.02
_LIVE = frozenset({LearningStatus.ACTIVE, LearningStatus.EXPERIMENTAL})


class Leaving(StrEnum):
    """Why a learning may go."""

    #: its verdict is that it harms
    HARMS = "harms"
    #: its verdict is that it makes no difference worth its tokens
    NO_DIFFERENCE = "no_difference"
    #: undecided, hardly ever used, and a use would have been seen
    UNUSED = "unused"


def leaving(value: LearningValue) -> Leaving | None:
    """None where nothing speaks against it, where it is out already, or pinned."""
    kind = value.verdict.kind
    if value.status not in _LIVE or value.pinned:
        return None
    if kind in MAY_GO:
        return Leaving.NO_DIFFERENCE if kind is VerdictKind.HARMLESS else Leaving.HARMS
    hardly_used = value.can_tell and value.session_count >= _UNUSED_SESSIONS and value.activation_rate <= _UNUSED_SHARE
    return Leaving.UNUSED if hardly_used and kind is VerdictKind.UNDECIDED else None

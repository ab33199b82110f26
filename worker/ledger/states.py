"""The states that sessions, entries and dead letters pass through.

session   received ─► attributing ─► finished          (a retry, a replay or a late lightweight event: back to received)
              │ ▲          └─► dead
              ▼ │
            waiting ─► dead                              (its transcript never came)
entry     pending ─► done | failed
"""

from enum import StrEnum


class SessionState(StrEnum):
    RECEIVED = "received"
    #: the transcript is not there yet; does not count as backlog
    WAITING = "waiting"
    ATTRIBUTING = "attributing"
    FINISHED = "finished"
    DEAD = "dead"


class EntryState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class DeadLetterState(StrEnum):
    OPEN = "open"
    RETRIED = "retried"
    DROPPED = "dropped"


class DeadLetterKind(StrEnum):
    """Which door it came in by."""

    HEAVY = "heavy"
    LIGHTWEIGHT = "lightweight"
    SESSION = "session"

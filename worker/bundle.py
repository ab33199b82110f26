"""A prepared session: all that attributing any of its learnings needs, so that an attribution task needs no model and no ledger payload.

Made once by `prepare_session`, kept on the broker for a while, read by every `attribute_learning` of the session.
"""

from dataclasses import dataclass, field

from worker.domain import Assignment, Learning, SessionVersion, Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionContext:
    session_id: str
    version: SessionVersion
    #: in [−1, 1]
    outcome: float
    signals: tuple[Signal, ...] = ()
    #: every expected learning, active or withheld
    assignments: dict[str, Assignment] = field(default_factory=dict)
    #: learnings about which the event and our own assignment log disagree
    mismatched: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionBundle:
    context: SessionContext
    #: the expected learnings that are known; one that is missing here fails with that reason
    learnings: dict[str, Learning]

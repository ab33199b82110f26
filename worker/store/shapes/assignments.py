"""Decisions about who gets what, made here or elsewhere, and the policy they follow."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentAnswer:
    """What the injector is told about one learning."""

    learning_id: str
    #: "inject", "withhold" or "excluded" (disabled or deprecated: never inject)
    decision: str
    withhold_probability: float
    reason: str = ""


class TakenState(StrEnum):
    """What became of a decision that was made elsewhere."""

    STORED = "stored"
    #: it stands in the log already
    KNOWN = "known"
    REFUSED = "refused"


#: microseconds, the latest that a decision can be of: a number that every reader of JSON has exactly
LAST_MOMENT = 2**53


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeDecision:
    """What a hook, or anybody else who was given a policy, decided about one learning of one session."""

    session_id: str
    learning_id: str
    #: "inject", "withhold" or "excluded"
    decision: str
    withhold_probability: float
    policy_version: str
    #: microseconds, by the decider's clock
    decided_at: int
    #: what was drawn for: the first session of the conversation; empty: the session itself
    conversation_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenDecision:
    session_id: str
    learning_id: str
    state: TakenState
    #: why it was refused
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyLearning:
    """All that somebody elsewhere needs to decide about one learning, and to inject it."""

    learning_id: str
    epoch: int
    #: what is drawn: the learning itself, or its section
    unit: str
    text: str
    withhold_probability: float
    pinned: bool
    #: by a person or by the rule, or its section is: never injected
    disabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedPolicy:
    policy_version: str
    salt: str
    #: the known ones of those asked for, in that order
    learnings: tuple[PolicyLearning, ...]

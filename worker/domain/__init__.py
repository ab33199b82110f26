"""The things the system talks about, as frozen values without behaviour of their own.

learning    Learning: what is judged
transcript  Transcript of Message of Block: what the session said and did
session     Signal: something went well or badly; SessionVersion: which account of a session this is, newer replaces older;
            SessionBackground: what is known of it as a whole; Assignment: what was drawn for it
activation  Activation of ActivationSignal: did the session use the learning, and where
record      AttributionRecord: what one session says about one learning; TemporalCorrelation of SignalContribution: what followed the use
value       LearningValue: what all sessions together say about it (Verdict, ExperimentResult, LearningStatus); AblationExperiment: the
            two arms behind the verdict
decision    Decision: one line of a learning's history; Standing: what the lines come to

Times are integers, microseconds since 1970-01-01 UTC.
Positions in a transcript are `message_idx`, counted over messages of all roles from 0.
"""

from worker.domain.activation import Activation, ActivationSignal, Answer, EmbeddingSimilarity, ExplicitReference
from worker.domain.decision import Decision, DecisionKind, Standing
from worker.domain.learning import Learning, LearningCategory
from worker.domain.record import AttributionRecord, SignalContribution, TemporalCorrelation
from worker.domain.session import Assignment, SessionBackground, SessionVersion, Signal, SignalKind
from worker.domain.transcript import Block, BlockKind, Message, Transcript
from worker.domain.value import (
    AblationExperiment,
    ActivationLift,
    ExperimentResult,
    LearningStatus,
    LearningValue,
    SessionOutcome,
    Verdict,
    VerdictKind,
)

__all__ = [
    "AblationExperiment",
    "Activation",
    "ActivationLift",
    "ActivationSignal",
    "Answer",
    "Assignment",
    "AttributionRecord",
    "Block",
    "BlockKind",
    "Decision",
    "DecisionKind",
    "EmbeddingSimilarity",
    "ExperimentResult",
    "ExplicitReference",
    "Learning",
    "LearningCategory",
    "LearningStatus",
    "LearningValue",
    "Message",
    "SessionBackground",
    "SessionOutcome",
    "SessionVersion",
    "Signal",
    "SignalContribution",
    "SignalKind",
    "Standing",
    "TemporalCorrelation",
    "Transcript",
    "Verdict",
    "VerdictKind",
]

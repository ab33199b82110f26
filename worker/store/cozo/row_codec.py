"""Learnings, decisions, assignments and values as their rows, and back."""

import json

from worker.domain import (
    Assignment,
    Decision,
    DecisionKind,
    Learning,
    LearningCategory,
    LearningValue,
    SessionVersion,
)
from worker.store.cozo.rows import AssignmentRow, DecisionRow, FormerTextRow, LearningRow, ValueRow


def learning_row(learning: Learning) -> LearningRow:
    return LearningRow(
        learning_id=learning.learning_id,
        category=str(learning.category),
        description=learning.description,
        insight=learning.insight,
        pattern=learning.pattern,
        scope_json=json.dumps(learning.scope, ensure_ascii=False),
        confidence=float(learning.confidence),
        created_at=learning.created_at,
        updated_at=learning.updated_at,
        source_json=json.dumps(learning.source, ensure_ascii=False),
    )


def learning_of(row: LearningRow) -> Learning:
    return Learning(
        learning_id=row.learning_id,
        category=LearningCategory(row.category),
        description=row.description,
        insight=row.insight,
        pattern=row.pattern,
        scope=json.loads(row.scope_json),
        confidence=row.confidence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source=json.loads(row.source_json),
    )


def former_text_row(learning: Learning, *, epoch: int) -> FormerTextRow:
    return FormerTextRow(
        learning_id=learning.learning_id,
        epoch=epoch,
        category=str(learning.category),
        description=learning.description,
        insight=learning.insight,
        pattern=learning.pattern,
    )


def decision_row(decision: Decision) -> DecisionRow:
    version = decision.version or SessionVersion(timestamp=0, event_id="", attempt=0)
    return DecisionRow(
        learning_id=decision.learning_id,
        number=decision.number,
        decided_at=decision.timestamp,
        kind=str(decision.kind),
        actor=decision.actor,
        reason=decision.reason,
        epoch=decision.epoch,
        epoch_started_at=decision.epoch_started_at,
        numbers_json=json.dumps(decision.numbers),
        session_id=decision.session_id,
        version_timestamp=version.timestamp,
        event_id=version.event_id,
        attempt=version.attempt,
    )


def decision_of(row: DecisionRow, *, undoes: int | None = None) -> Decision:
    """`undoes` stands in a relation of its own."""
    version = SessionVersion(timestamp=row.version_timestamp, event_id=row.event_id, attempt=row.attempt)
    return Decision(
        learning_id=row.learning_id,
        number=row.number,
        timestamp=row.decided_at,
        kind=DecisionKind(row.kind),
        actor=row.actor,
        reason=row.reason,
        epoch=row.epoch,
        epoch_started_at=row.epoch_started_at,
        numbers=json.loads(row.numbers_json),
        session_id=row.session_id,
        version=version if row.session_id else None,
        undoes=undoes,
    )


def assignment_of(row: AssignmentRow) -> Assignment:
    return Assignment(
        learning_id=row.learning_id,
        withhold_probability=row.withhold_probability,
        was_withheld=row.was_withheld,
        epoch=row.epoch,
    )


def value_row(value: LearningValue) -> ValueRow:
    return ValueRow(
        learning_id=value.learning_id,
        estimated_value=float(value.estimated_value),
        confidence=float(value.confidence),
        session_count=value.session_count,
        activation_rate=float(value.activation_rate),
        temporal_value=float(value.temporal_value),
        temporal_confidence=float(value.temporal_confidence),
        ablation_value=value.ablation_value,
        ablation_confidence=value.ablation_confidence,
        status=str(value.status),
        updated_at=value.updated_at,
        status_reason=value.status_reason,
        verdict=str(value.verdict.kind),
        sessions_needed=value.verdict.sessions_needed,
        next_withhold_probability=float(value.next_withhold_probability),
        pinned=value.pinned,
        epoch=value.epoch,
    )

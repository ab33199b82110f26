"""An assessed session as a heavy event: the same session, rules and assessment are the same event, however often it is made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid5

from assessor.in_force import InForce
from assessor.measure_trap import moved_by
from assessor.outcome import Outcome
from assessor.secrets import scrub_tree
from assessor.signals import Heard, lightweight_events
from assessor.taking_part import Agreement, TakingPart
from assessor.wire_transcript import transcript_to_wire
from worker.formats.transcripts.session import Harness, ReadSession
from worker.formats.wire import EVENT_NAMESPACE, format_timestamp

#: what assessed it; another number whenever the same session may come out otherwise
ASSESSOR = "light-1"
#: in the place of an outcome that is not known; the session then stands in no arm of an experiment
_UNKNOWN_OUTCOME = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """All that an event says."""

    session: ReadSession
    project: str
    in_force: InForce
    #: texts of the learnings in force, by id
    texts: Mapping[str, str]
    heard: Sequence[Heard]
    outcome: Outcome
    taking_part: TakingPart = field(default_factory=TakingPart)


def heavy_event(account: Account, *, ended_at: int, revision: int = 0) -> dict[str, Any]:
    """In groove's own form. `ended_at` stands in where the transcript tells no time.

    `revision` counts from 0 how often another account of this session was published before: of two accounts the later one counts.
    """
    document: dict[str, Any] = scrub_tree(_document(account))
    # ids are keys: what happens to look like a secret in them stays
    document["context"] |= {
        "session_id": account.session.session_id,
        "active_learnings": list(account.in_force.learning_ids),
        **_drawn(account),
    }
    digest = json.dumps(document, sort_keys=True, ensure_ascii=True)
    moment = account.session.ended_at if account.session.ended_at is not None else ended_at
    document["context"] |= {
        "event_id": str(uuid5(EVENT_NAMESPACE, digest)),
        "timestamp": format_timestamp(moment + revision),
    }
    return document


def _document(account: Account) -> dict[str, Any]:
    session, outcome = account.session, account.outcome
    excluded = _excluded(account)
    return {
        "tier": "heavy",
        "context": {
            **_circumstances(account),
            "outcome_known": outcome.value is not None,
            "excluded_signals": excluded,
            "learning_outcomes": {
                learning_id: other.value
                for learning_id, kinds in excluded.items()
                if (other := outcome.without(kinds)) is not outcome
            },
            "transcript": transcript_to_wire(session.transcript, session.answers),
            "lightweight_events": lightweight_events(account.heard),
        },
        "outcome": _UNKNOWN_OUTCOME if outcome.value is None else outcome.value,
        "assessment": {
            "assessor": ASSESSOR,
            "confidence": outcome.confidence,
            "parts": [asdict(part) for part in outcome.parts],
        },
    }


def _drawn(account: Account) -> dict[str, Any]:
    """What was withheld from a session that took part, and each learning's chance; 0 for those that nobody drew."""
    part = account.taking_part
    if not part.is_shown:
        return {} if part.agreement is Agreement.NEITHER else {"took_part": False}
    return {
        "took_part": True,
        "withheld_learnings": list(part.withheld),
        "withhold_probabilities": dict.fromkeys(account.in_force.learning_ids, 0.0) | dict(part.probabilities),
    }


def _circumstances(account: Account) -> dict[str, Any]:
    """Where and how the session ran: values before and after a date are confounded by version and model."""
    session = account.session
    return {
        "harness_type": "ClaudeCode" if session.harness is Harness.CLAUDE_CODE else {"Other": str(session.harness)},
        "injection_method": "ClaudeMd",
        "injection_scope": {"Project": account.project},
        "harness": str(session.harness),
        "version": session.version,
        "model": session.model,
        "cwd": session.cwd,
        "project": account.project,
        "branch": session.branch,
        "parent_session_id": session.parent_id,
        "started_at": None if session.started_at is None else format_timestamp(session.started_at),
        **_experiment(account.taking_part),
        "in_force": str(account.in_force.source),
        "in_force_files": {path: str(source) for path, source in account.in_force.files.items()},
    }


def _experiment(part: TakingPart) -> dict[str, Any]:
    """By which draw, and whether the hook's own record says the same."""
    if part.agreement is Agreement.NEITHER:
        return {}
    return {
        "experiment": {
            "policy_version": part.policy_version,
            "conversation_id": part.conversation_id,
            "agreement": str(part.agreement),
        }
    }


def _excluded(account: Account) -> dict[str, dict[str, str]]:
    """Only kinds that the session shows: what is not there needs no reason."""
    shown = {str(heard.kind) for heard in account.heard} | {part.kind for part in account.outcome.parts}
    moved = {
        learning_id: {
            kind: reason for kind, reason in moved_by(account.texts.get(learning_id, "")).items() if kind in shown
        }
        for learning_id in (*account.in_force.learning_ids, *account.taking_part.withheld)
    }
    return {learning_id: kinds for learning_id, kinds in moved.items() if kinds}

"""What an event says of how its session was assessed: the outcome with its parts, and how the rules in force are known."""

from collections.abc import Iterator
from typing import Any

from worker.errors import NotFound
from worker.formats.wire import read_json_object
from worker.ledger import Ledger
from worker.ledger.loading import SessionWork


def kept_work(ledger: Ledger, session_id: str) -> SessionWork | None:
    """None once the session's event is pruned."""
    try:
        return ledger.work.load_work(session_id, ledger.history.session_detail(session_id).version)
    except NotFound:
        return None


def assessment_of(work: SessionWork | None) -> dict[str, Any]:
    """Empty where the event does not tell."""
    if work is None:
        return {}
    document = read_json_object(work.payload)
    assessment, context = document.get("assessment"), document.get("context")
    if not isinstance(assessment, dict) or not isinstance(context, dict):
        return {}
    is_known = context.get("outcome_known", True)
    rules = {name: context.get(name) for name in ("in_force", "in_force_files")}
    return {"outcome": document.get("outcome") if is_known else None, **assessment, **rules}


def assessment_facts(assessment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, text) each."""
    if not assessment:
        return
    outcome = assessment["outcome"]
    shown = f"{outcome:+.2f}" if isinstance(outcome, int | float) else "unknown"
    yield "outcome", f"{shown}, confidence {assessment.get('confidence', 0):.2f}, by {assessment.get('assessor')}"
    for part in assessment.get("parts", ()):
        yield (
            "",
            f"{part['kind']} {part['value']:+.2f}, weight {part['weight']:g}: {part.get('detail', '')}".rstrip(": "),
        )
    yield "rules known by", str(assessment["in_force"])
    for path, source in (assessment.get("in_force_files") or {}).items():
        yield "", f"{path}: {source}"

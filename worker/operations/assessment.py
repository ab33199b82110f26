"""What an event says of how its session was assessed: the outcome with its parts, and how the rules in force are known."""

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

"""What is known of sessions as a whole, for those that an earlier release stored: read from the events that the ledger still keeps."""

from worker.domain import SessionBackground
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import Ledger
from worker.operations.assessment import kept_work
from worker.store.api import StoreApi

_PORTION = 500


def tell_backgrounds(ledger: Ledger, store: StoreApi) -> int:
    """Each session is asked for once, whether its event is there or not -> of how many something is known now."""
    known = 0
    while session_ids := store.sessions_without_background(limit=_PORTION):
        known += store.tell_backgrounds({session_id: _background(ledger, session_id) for session_id in session_ids})
    return known


def _background(ledger: Ledger, session_id: str) -> SessionBackground | None:
    work = kept_work(ledger, session_id)
    return read_heavy_event(work.payload, logged_at=work.logged_at).background if work else None

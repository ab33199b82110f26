"""Sessions as a list: the ledger knows where each stands, the store how it ended and in which project it was."""

from collections.abc import Iterator
from itertools import islice

from worker.ledger import Ledger
from worker.ledger.listing import SessionLine
from worker.ledger.states import SessionState
from worker.store.api import StoreApi

#: sessions that the store is asked for at once
_PORTION = 500


def sessions_that_ended(
    ledger: Ledger,
    store: StoreApi,
    *,
    outcome: str | None = None,
    project: str = "",
    state: SessionState | None = None,
    since: int | None = None,
    beginning: str = "",
    offset: int = 0,
    limit: int = 20,
) -> list[SessionLine]:
    """Sessions that have records and match, the newest first by the time of the session.

    `outcome`: "good", "bad" or "neither"; `project`: its path; the others choose as in the ledger's own list.
    """
    found = _found(ledger, store, outcome, project, state, since, beginning)
    return list(islice(found, offset, offset + limit))


def _found(
    ledger: Ledger,
    store: StoreApi,
    outcome: str | None,
    project: str,
    state: SessionState | None,
    since: int | None,
    beginning: str,
) -> Iterator[SessionLine]:
    asked = 0
    while ids := store.find_sessions(outcome=outcome, project=project, offset=asked, limit=_PORTION).session_ids:
        asked += len(ids)
        lines = ledger.listing.newest(state=state, since=since, beginning=beginning, among=ids, limit=_PORTION)
        by_id = {line.session_id: line for line in lines}
        yield from (by_id[session_id] for session_id in ids if session_id in by_id)

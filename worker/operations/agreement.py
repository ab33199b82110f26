"""Whether ledger and store speak of the same sessions: one that is gone, emptied or an older copy looks well by itself."""

from typing import TYPE_CHECKING

from worker.operations.connections import open_the_ledger
from worker.operations.findings import Finding
from worker.operations.wording import counted
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.store.api import StoreApi

WHAT = "ledger and store know the same sessions"


def compare(settings: Settings, store: "StoreApi") -> Finding:
    """The ledger is counted before and after the store: a session that is worked on meanwhile is no difference.

    A session is opened in the ledger, then in the store, and finished in the store, then in the ledger.
    """
    with open_the_ledger(settings) as ledger:
        finished = ledger.counts.count().sessions.get("finished", 0)
        known = store.status().counts["sessions"]
        received = sum(ledger.counts.count().sessions.values())
    return difference(finished=finished, known=known, received=received)


def difference(*, finished: int, known: int, received: int) -> Finding:
    """`finished` and `received`: the ledger's; `known`: the store's."""
    if known < finished:
        told = f"the ledger has finished {counted(finished, 'sessions')}, the store knows {known}: it is gone, or an older copy"
        advice = "bring back the store's folder or its backup; else `groove replay --since` fills it from the payloads"
        return Finding(what=WHAT, is_well=False, detail=told, advice=advice)
    if known > received:
        told = f"the store knows {counted(known, 'sessions')}, the ledger {received}: it is gone, or an older copy"
        advice = "bring back the ledger or its backup; else publish the events again: sessions keep their results"
        return Finding(what=WHAT, is_well=False, detail=told, advice=advice)
    return Finding(what=WHAT, is_well=True, detail=f"{known} in the store, {received} in the ledger")

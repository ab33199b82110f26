"""Ids as a table shows them: short on a terminal, whole for whoever else reads."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from worker.cli.support.output import terminal_width
from worker.operations.ids import beginning, beginnings

if TYPE_CHECKING:
    from worker.ledger import Ledger
    from worker.store.api import StoreApi


def shown_ids(store: "StoreApi", ids: Iterable[str]) -> dict[str, str]:
    """Each id as it is shown: on a terminal short, so that it means one of all learnings; whole for whoever else reads."""
    if terminal_width() is None:
        return {id_: id_ for id_ in ids}
    short = beginnings(store.learning_ids())
    return {id_: short.get(id_, id_) for id_ in ids}


def shown_session_ids(ledger: "Ledger", ids: Iterable[str]) -> dict[str, str]:
    """Sessions as they are shown: short on a terminal, by their neighbours in the ledger, which knows too many to list them all."""
    if terminal_width() is None:
        return {id_: id_ for id_ in ids}
    return {id_: beginning(id_, ledger.listing.neighbours(id_)) for id_ in set(ids)}

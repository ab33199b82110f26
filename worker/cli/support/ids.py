"""Long ids as a person types them: shortened to a beginning that no other has, which every command takes in the id's place."""

import os.path
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from worker.cli.support.output import terminal_width
from worker.errors import NotFound

if TYPE_CHECKING:
    from worker.ledger import Ledger
    from worker.store.api import StoreApi

#: characters that always stand: made up by people, an id of this length says something
_SHORTEST = 13


def beginning(id_: str, neighbours: Iterable[str]) -> str:
    """`neighbours`: the ids just before and after this one in their order; none has more in common with it."""
    return id_[: max([_SHORTEST, *(_in_common(id_, other) + 1 for other in neighbours)])]


def beginnings(ids: Iterable[str]) -> dict[str, str]:
    """Each id with its beginning, among these ids."""
    ordered = sorted(set(ids))
    return {id_: beginning(id_, _around(ordered, place)) for place, id_ in enumerate(ordered)}


def full_id(store: "StoreApi", given: str) -> str:
    """The learning that this id, or this beginning of exactly one, means. Raises `NotFound`."""
    return full_ids(store, [given])[0]


def full_ids(store: "StoreApi", given: Sequence[str]) -> list[str]:
    """The learnings that these ids or beginnings mean, in one request. Raises `NotFound`."""
    known = store.learning_ids(beginning=os.path.commonprefix(given))  # noqa: RUF071 - of texts, character by character
    return [meant(id_, known) for id_ in given]


def meant(given: str, known: Sequence[str], thing: str = "learning") -> str:
    """The one of `known`, which are in order, that is `given` or alone begins with it. Raises `NotFound`."""
    place = bisect_left(known, given)
    found = [id_ for id_ in known[place : place + 2] if id_.startswith(given)]
    if given in found or len(found) == 1:
        return found[0]
    raise NotFound(f"{given}: " + (f"several {thing}s begin like this" if found else f"no such {thing}"))


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


def _around(ordered: Sequence[str], place: int) -> list[str]:
    return [*ordered[max(0, place - 1) : place], *ordered[place + 1 : place + 2]]


def _in_common(one: str, other: str) -> int:
    """Characters at their beginnings that are the same."""
    length = 0
    while one[length : length + 1] == other[length : length + 1] != "":
        length += 1
    return length

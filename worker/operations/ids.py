"""Long ids as a person types them: shortened to a beginning that no other has, which is taken in the id's place everywhere."""

import os.path
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

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


def beginning_among(ordered: Sequence[str], id_: str) -> str:
    """Shortens an id to a beginning that none of these others has; they are in order."""
    return beginning(id_, _around(ordered, bisect_left(ordered, id_)))


def full_id(store: "StoreApi", given: str) -> str:
    """The learning that this id, or this beginning of exactly one, means. Raises `NotFound`."""
    return full_ids(store, [given])[0]


def full_ids(store: "StoreApi", given: Sequence[str]) -> list[str]:
    """The learnings that these ids or beginnings mean, in one request. Raises `NotFound`."""
    known = store.learning_ids(beginning=os.path.commonprefix(given))  # noqa: RUF071 - of texts, character by character
    try:
        return [meant(id_, known) for id_ in given]
    except NotFound as unknown:
        strange = [each for each in given if not any(id_.startswith(each) for id_ in known)]
        near = get_close_matches(strange[0], store.learning_ids(), n=1) if strange else []
        raise NotFound(f"{unknown}: did you mean {near[0]}?") if near else unknown from None


def meant(given: str, known: Sequence[str], thing: str = "learning") -> str:
    """The one of `known`, which are in order, that is `given` or alone begins with it. Raises `NotFound`."""
    place = bisect_left(known, given)
    found = [id_ for id_ in known[place : place + 2] if id_.startswith(given)]
    if given in found or len(found) == 1:
        return found[0]
    raise NotFound(f"{given}: " + (f"several {thing}s begin like this" if found else f"no such {thing}"))


def full_session_id(ledger: "Ledger", prefix: str) -> str:
    """The session that this id, or this beginning of exactly one, means. Raises `NotFound`."""
    found = ledger.history.find_sessions(prefix)
    if prefix in found:
        return prefix
    if len(found) != 1:
        raise NotFound(f"{prefix}: {'several sessions begin like this' if found else 'no such session'}")
    return found[0]


def full_failed_id(ledger: "Ledger", prefix: str) -> str:
    """The learning that failed somewhere and has this id, or begins so alone; else the same again. Raises `NotFound` when several do."""
    found = ledger.retries.find_failed_learnings(prefix)
    if prefix in found or not found:
        return prefix
    if len(found) > 1:
        raise NotFound(f"{prefix}: several learnings that failed begin like this")
    return found[0]


def _around(ordered: Sequence[str], place: int) -> list[str]:
    return [*ordered[max(0, place - 1) : place], *ordered[place + 1 : place + 2]]


def _in_common(one: str, other: str) -> int:
    """Characters at their beginnings that are the same."""
    length = 0
    while one[length : length + 1] == other[length : length + 1] != "":
        length += 1
    return length

"""Long ids as a person types them: shortened to a beginning that no other has, which every command takes in the id's place."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from worker.cli.support.output import terminal_width

if TYPE_CHECKING:
    from worker.ledger import Ledger

#: characters that always stand: made up by people, an id of this length says something
_SHORTEST = 13


def beginning(id_: str, neighbours: Iterable[str]) -> str:
    """`neighbours`: the ids just before and after this one in their order; none has more in common with it."""
    return id_[: max([_SHORTEST, *(_in_common(id_, other) + 1 for other in neighbours)])]


def beginnings(ids: Iterable[str]) -> dict[str, str]:
    """Each id with its beginning, among these ids."""
    ordered = sorted(set(ids))
    return {id_: beginning(id_, _around(ordered, place)) for place, id_ in enumerate(ordered)}


def shown_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id as it is shown: short on a terminal, whole for whoever else reads."""
    return beginnings(ids) if terminal_width() is not None else {id_: id_ for id_ in ids}


def shown_session_ids(ledger: "Ledger", ids: Iterable[str], *, as_json: bool) -> dict[str, str]:
    """The same for sessions, of which the ledger knows too many to have them all here."""
    if as_json or terminal_width() is None:
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

"""Who was injected beside whom, for many learnings at once: their sessions are read once, and each is a bit.

A companion shares nearly all sessions, so it stands in any few of them: only those that do are counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from worker.layers.ablation.companions import ENOUGH, Companion, companions, most_missed
from worker.store.cozo.database import CozoDatabase

#: newest sessions of a learning that are looked through
_LOOKED_THROUGH = 200
#: learnings, and sessions, asked for in one query
_AT_ONCE = 500


class Looked(NamedTuple):
    """A learning that may have companions."""

    learning_id: str
    epoch: int
    #: of that epoch
    n_records: int
    #: drawn together with it on purpose: never companions
    family: frozenset[str]


def companions_of(
    database: CozoDatabase, learnings: Sequence[Looked], *, is_withheld: bool
) -> dict[str, tuple[Companion, ...]]:
    """`is_withheld`: any learning is withheld anywhere; else nobody has to look for it."""
    windows = _windows(database, learnings)
    sessions = _sessions(database, {one for window in windows.values() for one in window}, is_withheld=is_withheld)
    return {one.learning_id: sessions.companions(one, windows.get(one.learning_id, [])) for one in learnings}


class _Ids(NamedTuple):
    """One id, and those that a query collected for it."""

    of: str
    found: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sessions:
    #: a session's bit
    places: Mapping[str, int]
    #: the learnings that were in force in it
    inside: Mapping[str, list[str]]
    #: learning -> the bits of the sessions that injected it
    injected: Mapping[str, int]

    def companions(self, one: Looked, window: Sequence[str]) -> tuple[Companion, ...]:
        mine = self.injected.get(one.learning_id, 0)
        seen = _bits([self.places[session_id] for session_id in window])
        with_, without = seen & mine, seen & ~mine
        if (sessions := with_.bit_count()) < ENOUGH:
            return ()
        having = (session_id for session_id in window if mine >> self.places[session_id] & 1)
        few = [self.inside[session_id] for session_id, _ in zip(having, range(most_missed(sessions) + 1), strict=False)]
        others = {other for ids in few for other in ids} - {one.learning_id} - one.family
        together = {other: (with_ & self.injected.get(other, 0)).bit_count() for other in others}
        instead = {other: (without & self.injected[other]).bit_count() for other, n in together.items() if n >= ENOUGH}
        return companions(sessions=sessions, together=together, instead=instead)


def _windows(database: CozoDatabase, learnings: Sequence[Looked]) -> dict[str, list[str]]:
    short = [[one.learning_id, one.epoch] for one in learnings if one.n_records <= _LOOKED_THROUGH]
    found = {
        learning_id: session_ids
        for keys in _portions(short)
        for learning_id, session_ids in database.read("sessions_of_learnings", keys=keys)
    }
    for one in learnings:
        if one.n_records > _LOOKED_THROUGH:
            asked = {"learning_id": one.learning_id, "epoch": one.epoch, "limit": _LOOKED_THROUGH}
            found[one.learning_id] = [session_id for _, session_id in database.read("newest_record_keys", **asked)]
    return found


def _sessions(database: CozoDatabase, session_ids: Iterable[str], *, is_withheld: bool) -> _Sessions:
    ordered = sorted(session_ids)
    inside = dict(_of_sessions(database, "learnings_of_sessions", ordered))
    withheld = dict(_of_sessions(database, "withheld_in_sessions", ordered)) if is_withheld else {}
    places = defaultdict[str, list[int]](list)
    for place, session_id in enumerate(ordered):
        for learning_id in set(inside.get(session_id, ())).difference(withheld.get(session_id, ())):
            places[learning_id].append(place)
    return _Sessions(
        places={session_id: place for place, session_id in enumerate(ordered)},
        inside=defaultdict(list, inside),
        injected={learning_id: _bits(numbers) for learning_id, numbers in places.items()},
    )


def _of_sessions(database: CozoDatabase, query: str, session_ids: Sequence[str]) -> Iterator["_Ids"]:
    for keys in _portions([[session_id] for session_id in session_ids]):
        yield from starmap(_Ids, database.read(query, keys=keys))


def _portions(keys: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _bits(places: Sequence[int]) -> int:
    """In one go: a whole number grows by copying."""
    found = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")

"""Who was injected beside whom, for many learnings at once: their sessions are read once, and each is a bit.

A companion shares nearly all sessions, so it stands in any few of them: only those that do are counted. What was found stays known
until a session of the learning changes.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from worker.layers.ablation.companions import ENOUGH, Companion, companions, most_missed
from worker.store.cozo.database import CozoDatabase, Row
from worker.store.cozo.designs import key_of, presences_of
from worker.store.cozo.rows import DesignRow
from worker.store.cozo.totals import EpochKey

#: newest sessions of a learning that are looked through
_LOOKED_THROUGH = 200
#: learnings, and sessions, asked for in one query
_AT_ONCE = 500
#: with more sessions written since, everything is looked at again
_MOST_TOUCHED = 2_000


class Looked(NamedTuple):
    """A learning that may have companions."""

    learning_id: str
    epoch: int
    #: of that epoch
    n_records: int
    #: drawn together with it on purpose: never companions
    family: frozenset[str]


class Beside:
    """The companions of all learnings, each looked for again when its sessions changed. Threads may share it."""

    def __init__(self, database: CozoDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[Looked, tuple[Companion, ...]] = {}
        #: sessions that were written since they were looked at
        self._touched: set[str] = set()

    def hear(self, writes: Mapping[str, Sequence[Row]]) -> None:
        """These writes were committed. Every change of a session's records changes what the models see of it."""
        for name in ("put_design", "rm_design"):
            self._touched.update(row[0] for row in writes.get(name, ()))
        if len(self._touched) > _MOST_TOUCHED:
            self.forget()

    def forget(self) -> None:
        """Nobody can tell what was written."""
        self._known, self._touched = {}, set()

    def companions_of(
        self, learnings: Sequence[Looked], presences: Iterable[EpochKey]
    ) -> dict[str, tuple[Companion, ...]]:
        """`presences`: every learning and epoch that has records."""
        names = {key_of(*key): key[0] for key in presences}
        with self._lock:
            try:
                known = self._brought_up_to_date(learnings, names)
            except BaseException:
                self.forget()
                raise
        return {one.learning_id: known[one] for one in learnings}

    def _brought_up_to_date(
        self, learnings: Sequence[Looked], names: Mapping[int, str]
    ) -> dict[Looked, tuple[Companion, ...]]:
        with self._database.consistent():
            before, touched = self._known, self._touched
            self._touched = set()
        inside = _read(self._database, touched, names).inside if before else {}
        changed = {learning_id for ids in inside.values() for learning_id in ids}
        known = {one: found for one, found in before.items() if one.learning_id not in changed}
        known |= self._found([one for one in learnings if one not in known], names)
        with self._database.consistent():
            # unless all was forgotten meanwhile
            if self._known is before:
                self._known = known
        return known

    def _found(self, learnings: Sequence[Looked], names: Mapping[int, str]) -> dict[Looked, tuple[Companion, ...]]:
        windows = _windows(self._database, learnings)
        sessions = _read(self._database, {one for window in windows.values() for one in window}, names)
        return {one: sessions.companions(one, windows.get(one.learning_id, [])) for one in learnings}


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


def _read(database: CozoDatabase, session_ids: Iterable[str], names: Mapping[int, str]) -> _Sessions:
    ordered = sorted(session_ids)
    places = {session_id: place for place, session_id in enumerate(ordered)}
    inside: dict[str, list[str]] = defaultdict(list)
    injected: dict[str, list[int]] = defaultdict(list)
    for row in _designs(database, ordered):
        for key, is_withheld in presences_of(row):
            # of a learning that was forgotten meanwhile nothing is known
            if (learning_id := names.get(key)) is None:
                continue
            inside[row.session_id].append(learning_id)
            if not is_withheld:
                injected[learning_id].append(places[row.session_id])
    return _Sessions(
        places=places,
        inside=inside,
        injected={learning_id: _bits(numbers) for learning_id, numbers in injected.items()},
    )


def _designs(database: CozoDatabase, session_ids: Sequence[str]) -> Iterator[DesignRow]:
    for keys in _portions([[session_id] for session_id in session_ids]):
        for row in database.read("designs", keys=keys):
            yield DesignRow(*row)


def _portions(keys: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _bits(places: Sequence[int]) -> int:
    """In one go: a whole number grows by copying."""
    found = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")

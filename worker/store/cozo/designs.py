"""What the models see of each session: its background and its records in brief, as one row; and all rows as arrays.

A row is made of the session's records, all but the background, which comes with them.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

from worker.domain import SessionBackground
from worker.layers.outlook.features import SessionFeatures, presence, weight_of
from worker.layers.outlook.models import Outlook, SessionOutlook
from worker.layers.statistics.sums import MICRO, MILLI
from worker.store.cozo.database import Row
from worker.store.cozo.rows import DesignRow
from worker.store.cozo.totals import EpochKey

if TYPE_CHECKING:
    # with it comes numpy, which only a refresh needs
    from worker.layers.outlook.design import Design

_WITHHELD, _MEMBER = 1, 2
#: the presence's key, p in millionths, outcome in thousandths, flags
_ENTRY = struct.Struct("<QIhBx")


class Brief(NamedTuple):
    """One record of a session, as far as the models see it."""

    learning_id: str
    epoch: int
    was_withheld: bool
    withhold_probability: float
    session_outcome: float
    timestamp: int


class SessionDesign(NamedTuple):
    session_id: str
    #: None: nothing is known of the session as a whole
    background: SessionBackground | None
    records: tuple[Brief, ...]
    #: learnings that were drawn with a section, which stands for them
    members: frozenset[str]

    @property
    def timestamp(self) -> int:
        return max((one.timestamp for one in self.records), default=0)

    def outlook(self, models: Outlook) -> SessionOutlook:
        """What they expect of it."""
        features = None
        if self.background is not None:
            present = frozenset(
                presence(one.learning_id, one.epoch)
                for one in self.records
                if not one.was_withheld and one.learning_id not in self.members
            )
            features = SessionFeatures(self.session_id, self.timestamp, self.background, present)
        return models.of(features, weight=weight_of(self.background))

    def row(self) -> DesignRow:
        of = self.background or SessionBackground()
        entries = sorted(_packed(one, is_member=one.learning_id in self.members) for one in self.records)
        return DesignRow(
            session_id=self.session_id,
            timestamp=self.timestamp,
            has_background=None if self.background is None else True,
            levels_json=json.dumps(of.levels, ensure_ascii=False),
            outcome_milli=None if of.outcome is None else round(of.outcome * MILLI),
            sampling_probability=float(of.sampling_probability),
            records=b"".join(entries),
        )


def background_of(row: DesignRow) -> SessionBackground | None:
    if not row.has_background:
        return None
    return SessionBackground(
        levels=tuple(json.loads(row.levels_json)),
        outcome=None if row.outcome_milli is None else row.outcome_milli / MILLI,
        sampling_probability=row.sampling_probability,
    )


def presences_of(row: DesignRow) -> Iterator[tuple[int, bool]]:
    """The key of each record's presence, and whether the learning was withheld."""
    for key, _, _, flags in _ENTRY.iter_unpack(row.records):
        yield key, bool(flags & _WITHHELD)


def outcomes_of(row: DesignRow) -> tuple[int, int]:
    """The lowest and the highest outcome of the session's records, in thousandths."""
    outcomes = [outcome for _, _, outcome, _ in _ENTRY.iter_unpack(row.records)]
    return min(outcomes, default=0), max(outcomes, default=0)


@lru_cache(maxsize=20_000)
def key_of(learning_id: str, epoch: int) -> int:
    """The key of a presence: 64 bits stand for it, so that a row has one length for any id."""
    return int.from_bytes(hashlib.sha256(presence(learning_id, epoch).encode()).digest()[:8], "little")


def arrays(rows: Iterable[Row], known: Iterable[EpochKey], *, salt: str) -> "tuple[Design, Sequence[EpochKey]]":
    """All sessions, in an order of their own -> the design, and which learning and epoch each presence is of."""
    import numpy as np

    from worker.layers.outlook.design import Design, Entries

    designs = list(starmap(DesignRow, rows))
    of_key = {key_of(*key): key for key in known}
    learnings = sorted(of_key.values(), key=lambda key: presence(*key))
    place = {key: at for at, key in enumerate(learnings)}
    layout = np.dtype([("key", "<u8"), ("p", "<u4"), ("outcome", "<i2"), ("flags", "u1"), ("rest", "u1")])
    entries = np.frombuffer(b"".join(row.records for row in designs), dtype=layout)
    session = np.repeat(np.arange(len(designs)), [len(row.records) // _ENTRY.size for row in designs])
    ordered = np.array(sorted(of_key), dtype=np.uint64)
    places = np.array([place[of_key[key]] for key in sorted(of_key)], dtype=np.int64)
    found = np.minimum(np.searchsorted(ordered, entries["key"]), max(len(ordered) - 1, 0))
    # a learning that was forgotten meanwhile has no sums to add to
    is_known = ordered[found] == entries["key"] if len(ordered) else np.zeros(len(entries), dtype=bool)
    entries, session, found = entries[is_known], session[is_known], found[is_known]
    levels: dict[str, tuple[str, ...]] = {
        text: tuple(json.loads(text)) for text in {row.levels_json for row in designs}
    }
    design = Design.of(
        session_ids=[row.session_id for row in designs],
        timestamps=[row.timestamp for row in designs],
        outcomes=[row.outcome_milli for row in designs],
        levels=[levels[row.levels_json] if row.has_background else None for row in designs],
        weights=[_weight(row) for row in designs],
        presences=[presence(*key) for key in learnings],
        entries=Entries(
            session=session,
            learning=places[found],
            was_withheld=(entries["flags"] & _WITHHELD).astype(bool),
            is_member=(entries["flags"] & _MEMBER).astype(bool),
            p_micro=entries["p"].astype(np.int64),
            outcome=entries["outcome"].astype(np.int64),
        ),
        salt=salt,
    )
    return design, learnings


def levels_of(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """The levels of each session; none where nothing is known of it."""
    return [tuple(json.loads(row.levels_json)) if row.has_background else () for row in starmap(DesignRow, rows)]


def _weight(row: DesignRow) -> int:
    if row.sampling_probability >= 1:
        return MICRO
    return weight_of(SessionBackground(sampling_probability=row.sampling_probability))


def _packed(one: Brief, *, is_member: bool) -> bytes:
    return _ENTRY.pack(
        key_of(one.learning_id, one.epoch),
        round(one.withhold_probability * MICRO),
        round(one.session_outcome * MILLI),
        (_WITHHELD if one.was_withheld else 0) | (_MEMBER if is_member else 0),
    )


def models_rows(outlook: Outlook) -> list[Row]:
    return [
        [key, model.mean, json.dumps(model.coefficients, ensure_ascii=False)] for key, model in outlook.models.items()
    ]

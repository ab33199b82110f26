"""All sessions as arrays: which features each has, how it ended, and its records."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from worker.layers.outlook.features import ALWAYS, day_of, fold_of
from worker.layers.statistics.sums import MICRO

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: a model with more would take minutes: levels that are seen least go first
_MOST_LEVELS = 1000


class Entries(NamedTuple):
    """Records, all in one order, by arrays of the same length. `learning` counts into `names` of the presences."""

    session: Ints
    learning: Ints
    was_withheld: Bools
    #: drawn with a section, which stands for it: no feature of its own
    is_member: Bools
    #: the chance of being withheld in millionths
    p_micro: Ints
    #: in thousandths
    outcome: Ints


@dataclass(frozen=True, kw_only=True)
class Design:
    #: of each session
    fold: Ints
    day: Ints
    #: thousandths; 0 where it is not known
    outcome: Ints
    #: background and outcome are known: it may be fitted on
    is_known: Bools
    has_background: Bools
    #: millionths
    weight: Ints
    #: names of the features: `ALWAYS`, levels, presences, each of the two sorted
    names: Sequence[str]
    first_presence: int
    #: sessions × features, 0 or 1
    features: sparse.csr_array
    entries: Entries

    @classmethod
    def of(
        cls,
        *,
        session_ids: Sequence[str],
        timestamps: Sequence[int],
        outcomes: Sequence[int | None],
        levels: Sequence[tuple[str, ...] | None],
        weights: Sequence[int],
        presences: Sequence[str],
        entries: Entries,
        salt: str,
    ) -> "Design":
        """`levels` is None where a session's background is not known. `presences` are the distinct ones, sorted."""
        known = _most_frequent(levels)
        names = (ALWAYS, *known, *presences)
        has_background = np.array([one is not None for one in levels], dtype=bool)
        return cls(
            fold=np.array([fold_of(session_id, salt) for session_id in session_ids], dtype=np.int64),
            day=np.array([day_of(timestamp) for timestamp in timestamps], dtype=np.int64),
            outcome=np.array([outcome or 0 for outcome in outcomes], dtype=np.int64),
            is_known=has_background & np.array([outcome is not None for outcome in outcomes], dtype=bool),
            has_background=has_background,
            weight=np.array(weights, dtype=np.int64),
            names=names,
            first_presence=1 + len(known),
            features=_features(levels, known, entries, len(names)),
            entries=entries,
        )

    @property
    def omega(self) -> Ints:
        """Of each record, its weight in millionths; 0 where it was not randomised."""
        of = self.entries
        plain = np.where(of.was_withheld, MICRO - of.p_micro, of.p_micro)
        weight = self.weight[of.session]
        scaled = np.where(weight == MICRO, plain, (plain * weight + MICRO // 2) // MICRO)
        return np.where((of.p_micro > 0) & (of.p_micro < MICRO), scaled, 0)


def _most_frequent(levels: Iterable[tuple[str, ...] | None]) -> list[str]:
    """Sorted; of equally frequent ones the first by name."""
    combinations = Counter(one for one in levels if one)
    counts: Counter[str] = Counter()
    for combination, sessions in combinations.items():
        for name in combination:
            counts[name] += sessions
    return sorted(sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_LEVELS])


def _features(
    levels: Sequence[tuple[str, ...] | None], known: list[str], entries: Entries, n_features: int
) -> sparse.csr_array:
    place = {name: 1 + at for at, name in enumerate(known)}
    columns_of = {one: [place[name] for name in one if name in place] for one in set(levels) if one}
    of_levels = [columns_of.get(one, []) if one else [] for one in levels]
    n = len(levels)
    per_session = np.array([len(columns) for columns in of_levels], dtype=np.int64)
    was_injected = ~entries.was_withheld & ~entries.is_member
    rows = np.concatenate([np.arange(n), np.repeat(np.arange(n), per_session), entries.session[was_injected]])
    columns = np.concatenate(
        [
            np.zeros(n, dtype=np.int64),
            np.array([column for columns in of_levels for column in columns], dtype=np.int64),
            entries.learning[was_injected] + 1 + len(known),
        ]
    )
    ones = np.ones(len(rows), dtype=np.int64)
    return sparse.csr_array((ones, (rows, columns)), shape=(n, n_features))

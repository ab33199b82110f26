"""What layers 3 and 4 need of any number of records, as exact sums: adding a record and taking it out again leaves nothing.

Integers throughout, so the order of records can change no digit (statistics.md 4): a and b are rounded to 9 decimals, p to 6,
outcomes to 3.
The sums of one record have the same form as the sums of a million, hence `after = before - LearningSums.of(old) + LearningSums.of(new)`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

#: what the integers count: billionths of a and b, millionths of p, thousandths of an outcome
NANO = 10**9
MICRO = 10**6
MILLI = 10**3


class Cell(NamedTuple):
    """One kind of randomised record: arm, chance and outcome, the last two as whole millionths and thousandths."""

    was_withheld: bool
    p_micro: int
    outcome_milli: int


class Count(NamedTuple):
    records: int
    activated: int


class Summed(Protocol):
    """What of an attribution record goes into the sums."""

    @property
    def was_activated(self) -> bool: ...
    @property
    def activation_confidence(self) -> float: ...
    @property
    def was_withheld(self) -> bool: ...
    @property
    def session_outcome(self) -> float: ...
    @property
    def attributed_value(self) -> float: ...
    @property
    def withhold_probability(self) -> float: ...
    @property
    def contaminated(self) -> bool: ...
    @property
    def assignment_mismatch(self) -> bool: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalSums:
    """Over activated, not withheld records; a = activation confidence, b = bounded net. `a2b` is Σ a²·b."""

    n_act: int = 0
    #: · 10⁹
    a: int = 0
    #: · 10¹⁸
    ab: int = 0
    #: · 10¹⁸
    a2: int = 0
    #: · 10²⁷
    a2b: int = 0
    #: · 10³⁶
    a2b2: int = 0

    def __add__(self, other: Self) -> Self:
        return self._combined(other, 1)

    def __sub__(self, other: Self) -> Self:
        return self._combined(other, -1)

    def _combined(self, other: Self, sign: int) -> Self:
        return type(self)(
            n_act=self.n_act + sign * other.n_act,
            a=self.a + sign * other.a,
            ab=self.ab + sign * other.ab,
            a2=self.a2 + sign * other.a2,
            a2b=self.a2b + sign * other.a2b,
            a2b2=self.a2b2 + sign * other.a2b2,
        )

    @classmethod
    def over(cls, records: Iterable[Summed]) -> Self:
        n = a1 = ab = a2 = a2b = a2b2 = 0
        for record in records:
            if record.was_activated and not record.was_withheld:
                a = round(record.activation_confidence * NANO)
                b = round(_stored_bounded_net(record) * NANO)
                n, a1, ab, a2, a2b, a2b2 = n + 1, a1 + a, ab + a * b, a2 + a * a, a2b + a * a * b, a2b2 + a * a * b * b
        return cls(n_act=n, a=a1, ab=ab, a2=a2, a2b=a2b, a2b2=a2b2)


def _stored_bounded_net(record: Summed) -> float:
    """The b in (−1, 1), taken back out of the stored value: attributed_value = activation_confidence · b."""
    return record.attributed_value / record.activation_confidence if record.activation_confidence else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningSums:
    """Everything that a learning's value is computed from, over the records of one epoch."""

    n_records: int = 0
    n_injected: int = 0
    #: records where a withheld learning stood in the context all the same
    n_contaminated: int = 0
    #: records where the event and our own assignment log disagree
    n_mismatched: int = 0
    temporal: TemporalSums = TemporalSums()
    #: randomised records only (0 < p < 1), injected ones activated or not; no cell is ever zero
    arms: dict[Cell, Count] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Summed) -> Self:
        return cls.over([record])

    @classmethod
    def over(cls, records: Iterable[Summed]) -> Self:
        """Of many records in one pass."""
        kept = list(records)
        cells: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
        for record in kept:
            p_micro = round(record.withhold_probability * MICRO)
            if 0 < p_micro < MICRO:
                counted = cells[Cell(record.was_withheld, p_micro, round(record.session_outcome * MILLI))]
                counted[0] += 1
                counted[1] += record.was_activated
        return cls(
            n_records=len(kept),
            n_injected=sum(not record.was_withheld for record in kept),
            n_contaminated=sum(record.contaminated for record in kept),
            n_mismatched=sum(record.assignment_mismatch for record in kept),
            temporal=TemporalSums.over(kept),
            arms={cell: Count(*counted) for cell, counted in cells.items()},
        )

    def n_randomised(self, *, was_withheld: bool) -> int:
        """Records of one arm."""
        return sum(count.records for cell, count in self.arms.items() if cell.was_withheld == was_withheld)

    def __add__(self, other: Self) -> Self:
        return self._combined(other, 1)

    def __sub__(self, other: Self) -> Self:
        return self._combined(other, -1)

    def _combined(self, other: Self, sign: int) -> Self:
        arms = dict(self.arms)
        for cell, count in other.arms.items():
            was = arms.get(cell, Count(0, 0))
            arms[cell] = Count(was.records + sign * count.records, was.activated + sign * count.activated)
            if arms[cell] == Count(0, 0):
                del arms[cell]
        return type(self)(
            n_records=self.n_records + sign * other.n_records,
            n_injected=self.n_injected + sign * other.n_injected,
            n_contaminated=self.n_contaminated + sign * other.n_contaminated,
            n_mismatched=self.n_mismatched + sign * other.n_mismatched,
            temporal=self.temporal + other.temporal if sign > 0 else self.temporal - other.temporal,
            arms=arms,
        )

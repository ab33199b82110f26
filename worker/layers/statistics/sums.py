"""What layers 3 and 4 need of any number of records, as exact sums: adding a record and taking it out again leaves nothing.

Integers throughout, so the order of records can change no digit (statistics.md 4): a and b are rounded to 9 decimals, p to 6,
outcomes to 3.
The sums of one record have the same form as the sums of a million, hence `after = before - LearningSums.of(old) + LearningSums.of(new)`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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


class Adjustment(NamedTuple):
    """What a record's session says of how the record counts."""

    #: outcome that was to be expected, less the average one, in whole thousandths (experiments.md 14)
    expected: int = 0
    #: how many sessions it stands for, in whole millionths
    weight: int = MICRO


PLAIN = Adjustment()


class Summed(Protocol):
    """What of an attribution record goes into the sums."""

    @property
    def session_id(self) -> str: ...
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
    def of(cls, record: Summed, weight: int = MICRO) -> Self:
        return cls.over([record], {record.session_id: weight})

    @classmethod
    def over(cls, records: Iterable[Summed], weights: Mapping[str, int]) -> Self:
        """`weights`: of sessions that stand for more than one, in millionths."""
        n = a1 = ab = a2 = a2b = a2b2 = 0
        for record in records:
            if record.was_activated and not record.was_withheld:
                a = round(record.activation_confidence * NANO)
                if record.session_id in weights:
                    a = scaled(a, weights[record.session_id])
                b = round(_stored_bounded_net(record) * NANO)
                n, a1, ab, a2, a2b, a2b2 = n + 1, a1 + a, ab + a * b, a2 + a * a, a2b + a * a * b, a2b2 + a * a * b * b
        return cls(n_act=n, a=a1, ab=ab, a2=a2, a2b=a2b, a2b2=a2b2)


def _stored_bounded_net(record: Summed) -> float:
    """The b in (−1, 1), taken back out of the stored value: attributed_value = activation_confidence · b."""
    return record.attributed_value / record.activation_confidence if record.activation_confidence else 0.0


def scaled(amount: int, weight: int) -> int:
    """`amount` · `weight` in millionths, rounded half up; a weight of one changes nothing."""
    return amount if weight == MICRO else (amount * weight + MICRO // 2) // MICRO


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmSums:
    """One arm's outcomes less what was to be expected: ω in millionths, r in thousandths. `w2r` is Σ ω²·r."""

    records: int = 0
    w: int = 0
    w2: int = 0
    wr: int = 0
    w2r: int = 0
    w2r2: int = 0

    def __add__(self, other: Self) -> Self:
        return self._combined(other, 1)

    def __sub__(self, other: Self) -> Self:
        return self._combined(other, -1)

    def _combined(self, other: Self, sign: int) -> Self:
        if other is NO_ARM:  # most records are of one arm alone
            return self
        return type(self)(
            records=self.records + sign * other.records,
            w=self.w + sign * other.w,
            w2=self.w2 + sign * other.w2,
            wr=self.wr + sign * other.wr,
            w2r=self.w2r + sign * other.w2r,
            w2r2=self.w2r2 + sign * other.w2r2,
        )

    @classmethod
    def of(cls, omega: int, residual: int, records: int = 1) -> Self:
        """So many records of one weight and one residual."""
        once = omega * records
        twice = omega * once
        wr, w2r = once * residual, twice * residual
        return cls(records=records, w=once, w2=twice, wr=wr, w2r=w2r, w2r2=w2r * residual)


NO_ARM = ArmSums()


class Weighed(NamedTuple):
    """How a randomised record counts in its experiment; thousands of records are few of these."""

    was_withheld: bool
    #: in millionths
    omega: int
    #: outcome less what was to be expected, in thousandths
    residual: int


def _arm_of_weighed(records: Mapping[Weighed, int], *, was_withheld: bool) -> ArmSums:
    alike = (
        ArmSums.of(one.omega, one.residual, count) for one, count in records.items() if one.was_withheld == was_withheld
    )
    return sum(alike, NO_ARM)


def arm_of_cells(arms: Mapping[Cell, Count], *, was_withheld: bool) -> ArmSums:
    """The sums of one arm over records that nothing adjusts."""
    cells = (
        ArmSums.of(omega_of(cell.p_micro, was_withheld=was_withheld), cell.outcome_milli, count.records)
        for cell, count in arms.items()
        if cell.was_withheld == was_withheld
    )
    return sum(cells, NO_ARM)


def omega_of(p_micro: int, *, was_withheld: bool) -> int:
    """The overlap weight: p of an injected record, 1 − p of a withheld one."""
    return MICRO - p_micro if was_withheld else p_micro


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
    #: the same records with their weights and what was to be expected of their sessions
    with_: ArmSums = NO_ARM
    without: ArmSums = NO_ARM

    @classmethod
    def of_cells(cls, arms: dict[Cell, Count]) -> Self:
        """The sums of randomised records that nothing adjusts and nothing else is known of."""
        records = sum(count.records for count in arms.values())
        withheld = sum(count.records for cell, count in arms.items() if cell.was_withheld)
        return cls(
            n_records=records,
            n_injected=records - withheld,
            arms=arms,
            with_=arm_of_cells(arms, was_withheld=False),
            without=arm_of_cells(arms, was_withheld=True),
        )

    @classmethod
    def of(cls, record: Summed, adjustment: Adjustment = PLAIN) -> Self:
        arms = {}
        with_ = without = NO_ARM
        p_micro = round(record.withhold_probability * MICRO)
        if 0 < p_micro < MICRO:
            outcome = round(record.session_outcome * MILLI)
            arms[Cell(record.was_withheld, p_micro, outcome)] = Count(1, int(record.was_activated))
            omega = scaled(omega_of(p_micro, was_withheld=record.was_withheld), adjustment.weight)
            one = ArmSums.of(omega, outcome - adjustment.expected)
            with_, without = (NO_ARM, one) if record.was_withheld else (one, NO_ARM)
        return cls(
            n_records=1,
            n_injected=int(not record.was_withheld),
            n_contaminated=int(record.contaminated),
            n_mismatched=int(record.assignment_mismatch),
            temporal=TemporalSums.of(record, adjustment.weight),
            arms=arms,
            with_=with_,
            without=without,
        )

    @classmethod
    def over(cls, records: Iterable[Summed], weights: Mapping[str, int]) -> Self:
        """The sums of many records in one pass, the experiment's as if nothing adjusted them."""
        kept = list(records)
        cells: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
        for record in kept:
            p_micro = round(record.withhold_probability * MICRO)
            if 0 < p_micro < MICRO:
                counted = cells[Cell(record.was_withheld, p_micro, round(record.session_outcome * MILLI))]
                counted[0] += 1
                counted[1] += record.was_activated
        arms = {cell: Count(*counted) for cell, counted in cells.items()}
        return cls(
            n_records=len(kept),
            n_injected=sum(not record.was_withheld for record in kept),
            n_contaminated=sum(record.contaminated for record in kept),
            n_mismatched=sum(record.assignment_mismatch for record in kept),
            temporal=TemporalSums.over(kept, weights),
            arms=arms,
            with_=arm_of_cells(arms, was_withheld=False),
            without=arm_of_cells(arms, was_withheld=True),
        )

    @classmethod
    def of_weighed(cls, records: Mapping[Weighed, int]) -> Self:
        """The experiment's sums alone, of so many records of each kind."""
        return cls(
            with_=_arm_of_weighed(records, was_withheld=False), without=_arm_of_weighed(records, was_withheld=True)
        )

    def n_randomised(self, *, was_withheld: bool) -> int:
        """Records of one arm."""
        return (self.without if was_withheld else self.with_).records

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
            with_=self.with_ + other.with_ if sign > 0 else self.with_ - other.with_,
            without=self.without + other.without if sign > 0 else self.without - other.without,
        )

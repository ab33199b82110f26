"""Values to places across a picture, in percent; the same for all rows of a page, so that rows can be compared."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

#: what is shown to either side of 0: the smallest that holds most; one long interval does not make the others short
_SIDES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
_MOST = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    #: from −side to +side
    side: float
    #: effects within ±margin are not worth a decision
    margin: float

    @classmethod
    def around(cls, values: Iterable[float], *, margin: float) -> Self:
        sizes = sorted(abs(value) for value in values)
        most = sizes[math.ceil(_MOST * len(sizes)) - 1] if sizes else 0.0
        return cls(side=next((side for side in _SIDES if most <= side), _SIDES[-1]), margin=margin)

    def at(self, value: float) -> float:
        """Percent from the left; what lies outside is shown at the edge."""
        return 50 + 50 * min(max(value / self.side, -1.0), 1.0)

    def holds(self, value: float) -> bool:
        return abs(value) <= self.side

    @property
    def ticks(self) -> tuple[float, ...]:
        return (-self.side, 0.0, self.side)

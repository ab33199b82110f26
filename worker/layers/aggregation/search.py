"""The first whole number at which a falling curve is below a target."""

import math
from collections.abc import Callable


def first_below(curve: Callable[[int], float], target: float, *, low: int, high: int, offset: float) -> int | None:
    """The smallest m in [low, high] with curve(m) < target; None where even `high` is not.

    The curve is positive, falls steadily, and is nearly straight in the logarithms of curve(m) and offset + m. There the Illinois
    variant of regula falsi takes a handful of steps, and it goes on to the exact number.
    """
    at_low, at_high = math.log(curve(low) / target), math.log(curve(high) / target)
    if at_low < 0:
        return low
    if at_high >= 0:
        return None
    side = 0
    while high - low > 1:
        x_low, x_high = math.log(offset + low), math.log(offset + high)
        guess = math.exp(x_low + (x_high - x_low) * at_low / (at_low - at_high)) - offset
        middle = min(max(math.ceil(guess), low + 1), high - 1)
        at_middle = math.log(curve(middle) / target)
        if at_middle < 0:
            high, at_high = middle, at_middle
            at_low = at_low / 2 if side < 0 else at_low
            side = -1
        else:
            low, at_low = middle, at_middle
            at_high = at_high / 2 if side > 0 else at_high
            side = 1
    return high

"""Which learnings may be removed together, so that few of the removals are wrong: e-BH over the fleet (statistics.md 9)."""

import math
from collections.abc import Sequence

from worker.layers.ablation.fleet import Fleet
from worker.settings.layers import AggregationParameters


def removable(log_odds: Sequence[float], *, tested: int, share: float) -> int:
    """The largest k for which the k largest odds are all at least `tested` / (`share` · k).

    `log_odds`: logarithms, of those for whom every other condition holds.
    """
    ranked = sorted(log_odds, reverse=True)
    return max(
        (k for k, odds in enumerate(ranked, start=1) if odds >= _needed(tested, share, k)),
        default=0,
    )


def log_odds_needed(fleet: Fleet, parameters: AggregationParameters) -> float:
    """Logarithm of the odds for harm that a removal asks for, as of the last refresh.

    Until a refresh has counted the learnings that are tested, each is judged alone.
    """
    if not parameters.false_removals or not fleet.tested:
        return -math.log(parameters.harm_alpha)
    return _needed(fleet.tested, parameters.false_removals, max(fleet.removable, 1))


def _needed(tested: int, share: float, k: int) -> float:
    return math.log(tested / (share * k))

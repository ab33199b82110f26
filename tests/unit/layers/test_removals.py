"""The odds for harm that a removal asks for."""

import math

from worker.layers.ablation.fleet import Fleet
from worker.layers.aggregation.removals import log_odds_needed
from worker.settings.layers import AggregationParameters


def test_each_is_judged_alone_until_a_fleet_was_counted() -> None:
    """A store that was never refreshed knows of no fleet: that is no fleet of one."""
    alone = AggregationParameters(false_removals=0.0)
    fleet = AggregationParameters(false_removals=0.2)
    assert log_odds_needed(Fleet(), fleet) == log_odds_needed(Fleet(tested=10), alone) == math.log(200)
    assert math.isclose(log_odds_needed(Fleet(tested=10), fleet), math.log(50))
    assert math.isclose(log_odds_needed(Fleet(tested=200, removable=10), fleet), math.log(100))

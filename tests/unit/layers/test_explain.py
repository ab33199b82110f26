"""An explanation's parts add up to what is stored."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import arms, record

from worker.domain import AttributionRecord, Signal, SignalKind, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.aggregation.explain import Explanation, explain
from worker.layers.outlook.models import SessionOutlook
from worker.layers.statistics.sums import MICRO, LearningSums
from worker.layers.temporal.correlation import ExponentialDecay, attributed_value

STANDING = Standing(learning_id="mine", epoch=3)
OTHERS = arms((40, 40, 50, 50), (0, 2, 6, 12))


def used(signals: list[tuple[int, bool, float]], *, withheld: bool = False) -> AttributionRecord:
    """A session that used the learning in messages 5 and 15."""
    heard = tuple(
        Signal(message_idx=at, kind=SignalKind.CORRECTION, is_positive=good, confidence=confidence)
        for at, good, confidence in signals
    )
    found = ExponentialDecay().correlate((5, 15), heard)
    return replace(
        record(activation=0.9, withheld=withheld, outcome=-0.5),
        temporal_positive=found.positive,
        temporal_negative=found.negative,
        net_temporal=found.net,
        temporal_contributions=found.contributions,
        attributed_value=attributed_value(
            activation_confidence=0.9, bounded=found.bounded, was_activated=True, was_withheld=withheld
        ),
    )


def explained(one: AttributionRecord, *, net_kappa: float = 1.0) -> Explanation:
    sums = OTHERS + LearningSums.of(one) if one.epoch in {None, 3} else OTHERS
    return explain(
        one,
        session=SessionOutlook(None, None, MICRO),
        sums=sums,
        global_sums=sums.temporal,
        fleet=Fleet(),
        standing=STANDING,
        aggregator=WeightedAggregator(),
        updated_at=0,
        net_kappa=net_kappa,
    )


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.floats(0, 1))), st.booleans())
def test_the_parts_sum_to_the_stored_numbers(signals: list[tuple[int, bool, float]], withheld: bool) -> None:
    """To 1e-9: the two sums, the net, the bounded net and the attributed value."""
    one = used(signals, withheld=withheld)
    found = explained(one)
    assert found.adds_up
    assert (found.positive, found.negative) == pytest.approx((one.temporal_positive, one.temporal_negative), abs=1e-9)
    assert sum(part.bounded for part in found.parts) == pytest.approx(found.bounded, abs=1e-9)
    assert sum(part.attributed for part in found.parts) == pytest.approx(one.attributed_value, abs=1e-9)


def test_the_move_is_the_value_with_the_record_less_the_value_without() -> None:
    """A bad session with the learning injected makes it look a little worse."""
    found = explained(used([(6, False, 0.9)]))
    assert found.move.without.session_count == found.move.with_.session_count - 1
    assert found.move.estimated_value == found.move.with_.estimated_value - found.move.without.estimated_value
    assert found.move.estimated_value < 0
    assert (found.arm, found.withhold_probability) == ("injected", 0.1)


def test_a_record_of_an_earlier_epoch_moves_nothing() -> None:
    """It stays readable, and no longer counts."""
    found = explained(replace(used([(6, False, 0.9)]), epoch=2))
    assert (found.counts, found.move.estimated_value, found.move.confidence) == (False, 0.0, 0.0)


def test_other_settings_than_the_stored_ones_are_noticed() -> None:
    """A record stored with κ = 1 does not add up with κ = 2."""
    assert not explained(used([(6, False, 0.9)]), net_kappa=2.0).adds_up

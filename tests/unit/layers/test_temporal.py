"""Layer 2: which signals count for a use, and how much."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import record

from worker.domain import Signal, SignalKind, TemporalCorrelation
from worker.layers.statistics.sums import LearningSums
from worker.layers.temporal.correlation import ExponentialDecay
from worker.layers.temporal.observation import observe
from worker.settings.layers import TemporalParameters

signals = st.builds(
    lambda at, good, confidence: Signal(
        message_idx=at,
        kind=SignalKind.POSITIVE if good else SignalKind.CORRECTION,
        is_positive=good,
        confidence=confidence,
    ),
    st.integers(0, 60),
    st.booleans(),
    st.floats(0, 1),
)
points = st.sets(st.integers(0, 60)).map(lambda found: tuple(sorted(found)))


def heard(at: int, *, good: bool = True, confidence: float = 1.0) -> Signal:
    return Signal(message_idx=at, kind=SignalKind.POSITIVE, is_positive=good, confidence=confidence)


def test_a_learning_that_was_not_used_gathers_nothing() -> None:
    """No points, no correlation."""
    assert ExponentialDecay().correlate((), (heard(3),)) == TemporalCorrelation()


def test_a_signal_counts_for_the_latest_use_before_it() -> None:
    """Also one in the very message of the use; one before any use counts for none."""
    found = ExponentialDecay().correlate((5, 15), (heard(3), heard(5), heard(14), heard(16)))
    assert [(c.activation_point, c.distance) for c in found.contributions] == [(5, 0), (5, 9), (15, 1)]


def test_a_signal_beyond_the_maximal_distance_counts_nothing() -> None:
    """Ten messages are the last that count."""
    found = ExponentialDecay().correlate((0,), (heard(10), heard(11)))
    assert found.positive == pytest.approx(math.exp(-2))


@given(points, st.lists(signals), st.randoms(use_true_random=False))
def test_the_order_of_signals_changes_no_bit(
    points: tuple[int, ...], given: list[Signal], random: random.Random
) -> None:
    """Signals arrive in any order; the sums are the same to the last digit."""
    correlator = ExponentialDecay()
    shuffled = random.sample(given, len(given))
    one, other = correlator.correlate(points, tuple(given)), correlator.correlate(points, tuple(shuffled))
    assert (one.positive, one.negative, one.net, one.bounded) == (
        other.positive,
        other.negative,
        other.net,
        other.bounded,
    )


@given(points, st.lists(signals))
def test_the_contributions_add_up(points: tuple[int, ...], given: list[Signal]) -> None:
    """What is shown sums to what is stored, and the bounded net stays within (−1, 1)."""
    found = ExponentialDecay().correlate(points, tuple(given))
    for total, good in ((found.positive, True), (found.negative, False)):
        parts = [c.weight * c.signal.confidence for c in found.contributions if c.signal.is_positive is good]
        assert sum(parts) == pytest.approx(total, abs=1e-9)
    assert found.net == found.positive - found.negative
    assert -1 < found.bounded < 1


def test_how_fast_the_bounded_net_saturates_is_a_setting() -> None:
    """κ: (P − N) / (P + N + κ), from the setting and not from its ordinary value."""
    found = ExponentialDecay(TemporalParameters(net_kappa=3)).correlate((4,), (heard(4),))
    assert (found.positive, found.bounded) == (1.0, 0.25)


def test_an_observation_is_told_in_standard_errors() -> None:
    """Of one record only the variance is known that is taken for granted, 0.3; without the learning's own the rest is left."""
    good = LearningSums.of(record("s1", activation=1.0, positive=1.0)).temporal
    bad = LearningSums.of(record("s2", activation=1.0, negative=1.0)).temporal
    assert observe(good, good + bad, prior_sessions=0).z == pytest.approx(0.5 / math.sqrt(0.3))
    assert good + bad - good == bad

"""The number of sessions still needed is the first one that brings a verdict, everything else held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import arms, counts, value_of

from worker.domain import VerdictKind
from worker.layers.ablation.arms import Arm, arm
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.posterior import posterior
from worker.layers.aggregation.forecast import SESSIONS_NEEDED_CAP, Forecast, effect_to_hold
from worker.layers.statistics.sums import LearningSums
from worker.layers.temporal.observation import Observation
from worker.settings.layers import AblationParameters, LayerParameters

probabilities = st.sampled_from([0.05, 0.1, 0.3, 0.5])


#: of a standard normal variable, at 1/18, 3/18 … 17/18
NINTHS = (-1.5932188, -0.9674216, -0.5894558, -0.2822161, 0.0, 0.2822161, 0.5894558, 0.9674216, 1.5932188)


def half_width_needed(effect: float) -> float:
    """Of an interval around it, for one of keep, harmless and harmful at a margin of 0.1."""
    return max(effect + 0.1, -effect)


def forecast(sums: LearningSums, probability: float, observed: float = 0.0) -> Forecast:
    return Forecast(
        with_=arm(sums, was_withheld=False),
        without=arm(sums, was_withheld=True),
        observation=Observation(observed, 0.8, 0.0),
        fleet=Fleet(),
        n_records=sums.n_records,
        probability=probability,
        parameters=LayerParameters(),
    )


@given(counts, counts, probabilities, probabilities, st.floats(-0.5, 0.5))
def test_the_forecast_is_the_first_session_with_a_verdict(
    with_: tuple[int, ...], without: tuple[int, ...], was: float, will_be: float, observed: float
) -> None:
    """A verdict after that many sessions, none one session earlier."""
    if not any(with_) or not any(without):
        return
    of = forecast(arms(with_, without, was), will_be, observed)
    needed = of.sessions_needed()
    if needed is None:
        assert of.kind_after(SESSIONS_NEEDED_CAP) is VerdictKind.UNDECIDED
        return
    assert of.kind_after(needed) is not VerdictKind.UNDECIDED
    assert needed == 1 or of.kind_after(needed - 1) is VerdictKind.UNDECIDED


@given(counts, counts, probabilities)
def test_half_of_the_likely_effects_take_longer_than_the_one_held(
    with_: tuple[int, ...], without: tuple[int, ...], probability: float
) -> None:
    """The effect that is held needs the median of the half-widths, and so the median number of sessions."""
    sums = arms(with_, without, probability)
    today = posterior(arm(sums, was_withheld=False), arm(sums, was_withheld=True), AblationParameters(), Fleet())
    if today is None:
        return
    held = effect_to_hold(today, margin=0.1)
    needs = [half_width_needed(today.shrunk + today.sd * z) for z in NINTHS]
    assert sorted(needs)[4] == pytest.approx(half_width_needed(held))


def test_sessions_that_come_as_forecast_bring_the_verdict() -> None:
    """The prediction agrees with the value computed from sums that have really grown."""
    before = arms((110, 0, 0, 250), (14, 0, 0, 26))
    today = value_of(before)
    needed, p = today.verdict.sessions_needed, today.next_withhold_probability
    assert needed is not None
    assert 400 < needed < 4000
    # as they went so far, at the chance that is next
    with_, without = needed * (1 - p) / 360, needed * p / 40
    after = before + arms(
        (round(110 * with_), 0, 0, round(250 * with_)), (round(14 * without), 0, 0, round(26 * without)), p
    )
    assert value_of(after).verdict.kind is not VerdictKind.UNDECIDED
    assert value_of(before).verdict.reason == f"about {needed:,} more eligible sessions, going by those so far"


def test_a_learning_without_a_withheld_session_has_no_forecast() -> None:
    """There is no difference to hold."""
    verdict = value_of(arms((10, 0, 0, 10), (0, 0, 0, 0))).verdict
    assert (verdict.sessions_needed, verdict.reason) == (
        None,
        "too early for a forecast: both arms need sessions first",
    )


def test_a_forecast_beyond_the_cap_says_so() -> None:
    """An effect half way to the margin takes the longest."""
    seldom = LayerParameters(ablation=AblationParameters(rate=0.05, suspect_rate=0.05))
    verdict = value_of(arms((1050, 0, 0, 950), (1000, 0, 0, 1000), 0.05), parameters=seldom).verdict
    assert (verdict.sessions_needed, verdict.reason[:11]) == (None, "over 10,000")


@given(counts, st.integers(1, 50), probabilities)
def test_a_grown_arm_is_the_arm_of_the_grown_sample(of: tuple[int, ...], times: int, probability: float) -> None:
    """Repeating the sample grows its size, and holds mean and variance up to the lost degree of freedom."""
    if sum(of) < 2:
        return
    once = arm(arms(of, (0, 0, 0, 0), probability), was_withheld=False)
    repeated = arm(arms(tuple(count * times for count in of), (0, 0, 0, 0), probability), was_withheld=False)
    grown = once.grown(once.records * (times - 1), probability)
    assert isinstance(grown, Arm)
    assert (grown.n, grown.mean, grown.weight) == pytest.approx((repeated.n, repeated.mean, repeated.weight))
    assert grown.squares / (grown.n - 1) == pytest.approx(once.squares / (once.n - 1))

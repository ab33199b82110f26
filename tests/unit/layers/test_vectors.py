"""The layers' numbers against values computed independently: SciPy's tests, numerical integration, root finding."""

import json
from pathlib import Path
from typing import Any

import pytest

from worker.domain import AttributionRecord, Signal, SignalKind, Standing
from worker.layers.ablation.arms import arm
from worker.layers.ablation.assignment import uniform
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.aggregation.estimate import Estimate, combine
from worker.layers.statistics.distributions import t_two_sided
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.layers.temporal.correlation import ExponentialDecay, attributed_value, bounded_net
from worker.settings.layers import AblationParameters, AggregationParameters

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "vectors.json").read_text())
CLOSE: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}


def named(prefix: str) -> Any:
    chosen = [vector for vector in VECTORS if vector["name"].startswith(prefix)]
    assert chosen, prefix
    return pytest.mark.parametrize("vector", chosen, ids=[vector["name"] for vector in chosen])


def arms(p: float, with_: dict[float, int], without: dict[float, int]) -> dict[Cell, Count]:
    """Integer counts per (arm, p, outcome), as the sums keep them."""
    return {
        Cell(was_withheld, round(p * 1e6), round(outcome * 1000)): Count(count, 0)
        for was_withheld, counts in ((False, with_), (True, without))
        for outcome, count in counts.items()
        if count
    }


def record(number: int, given: dict[str, Any]) -> AttributionRecord:
    bounded = bounded_net(given["P"], given["N"])
    return AttributionRecord(
        learning_id="mine",
        session_id=f"session-{number}",
        timestamp=number,
        was_activated=given["was_activated"],
        activation_confidence=given["activation_confidence"],
        activation_signals=(),
        temporal_positive=given["P"],
        temporal_negative=given["N"],
        net_temporal=given["P"] - given["N"],
        was_withheld=given["was_withheld"],
        session_outcome=given["session_outcome"],
        attributed_value=attributed_value(
            activation_confidence=given["activation_confidence"],
            bounded=bounded,
            was_activated=given["was_activated"],
            was_withheld=given["was_withheld"],
        ),
        withhold_probability=given["withhold_probability"],
    )


@named("T1")
def test_signals_are_weighed_by_their_distance_to_the_uses(vector: dict[str, Any]) -> None:
    """The sums, the bounded net and the attributed value of one session."""
    given, expected = vector["input"], vector["expected"]
    signals = tuple(
        Signal(
            message_idx=at,
            kind=SignalKind.POSITIVE if good else SignalKind.NEGATIVE,
            is_positive=good,
            confidence=confidence,
        )
        for at, good, confidence in given["signals"]
    )
    found = ExponentialDecay().correlate(tuple(given["activation_points"]), signals)
    value = attributed_value(
        activation_confidence=given["activation_confidence"],
        bounded=found.bounded,
        was_activated=True,
        was_withheld=False,
    )
    assert (found.positive, found.negative, found.net, found.bounded, value) == pytest.approx(
        tuple(expected[name] for name in ("P", "N", "net", "bounded", "attributed")), **CLOSE
    )


@named("T2")
def test_the_bounded_net_never_reaches_one(vector: dict[str, Any]) -> None:
    """The bounded net at a few sums."""
    assert bounded_net(vector["input"]["P"], vector["input"]["N"]) == pytest.approx(vector["expected"]["b"], **CLOSE)


@named("T3")
def test_the_temporal_value_is_the_shrunk_difference_to_all_learnings(vector: dict[str, Any]) -> None:
    """Own mean less global mean, drawn to 0 by ten sessions."""
    mine = _sums(vector["input"]["records"])
    everybody = mine.temporal + _sums(vector["input"]["other_learnings"]).temporal
    value = WeightedAggregator().value(
        sums=mine, global_sums=everybody, fleet=Fleet(), standing=Standing(learning_id="mine"), updated_at=0
    )
    expected = vector["expected"]
    assert (value.temporal_value, value.temporal_confidence) == pytest.approx((expected["vt"], expected["ct"]), **CLOSE)
    assert (_mean(mine.temporal), _mean(everybody)) == pytest.approx((expected["mean"], expected["gmean"]), **CLOSE)


def _sums(records: list[dict[str, Any]]) -> LearningSums:
    return sum((LearningSums.of(record(*item)) for item in enumerate(records)), LearningSums())


def _mean(sums: TemporalSums) -> float:
    return sums.ab / sums.a / 1e9


#: as the numbers were worked: one prior for everything, and a variance that counts for 20 sessions
_ONE_PRIOR = AblationParameters(variance_prior_df=20, harm_prior_sd=0.2)


def _pooled(sums: LearningSums) -> Fleet:
    """The variance of a fleet that has this one learning and no prior."""
    with_, without = arm(sums, was_withheld=False), arm(sums, was_withheld=True)
    return Fleet(variance=max(0.01, (with_.squares + without.squares) / (with_.n + without.n - 2)))


EXPERIMENTS = [vector for vector in VECTORS if vector["name"][:2] in {"A1", "A2", "A3", "A4", "A5", "A6", "A7"}]


@pytest.mark.parametrize("vector", EXPERIMENTS, ids=[vector["name"] for vector in EXPERIMENTS])
def test_the_arms_give_the_experiment_its_numbers(vector: dict[str, Any]) -> None:
    """Every statistic of a complete or incomplete experiment, from counts of outcomes."""
    given, expected = vector["input"], vector["expected"]
    levels = given["outcome_levels"]
    sums = LearningSums.of_cells(
        arms(
            given["withhold_probability"],
            dict(zip(levels, given["with_counts"], strict=True)),
            dict(zip(levels, given["without_counts"], strict=True)),
        )
    )
    result = ConservativeAblation(_ONE_PRIOR).compute_marginal_value(sums, _pooled(sums))
    assert result is not None
    found = {
        "marginal_value": result.marginal_value,
        "t": result.t_welch,
        "df": result.df_welch,
        "p_welch": result.p_welch,
        "V": result.variance,
        "p_anytime": result.p_anytime,
        "log_bf_harm": result.log_bf_harm,
        "ablation_value": result.shrunk_value,
        "ablation_confidence": result.confidence,
        "cs_lo": result.interval_low,
        "cs_hi": result.interval_high,
        "is_significant": result.is_significant,
    }
    assert found == pytest.approx(expected, **CLOSE)
    assert result.p_welch == pytest.approx(expected["p_welch"], rel=1e-9, abs=0)


def test_an_experiment_below_twenty_an_arm_shows_no_result() -> None:
    """A6: five withheld sessions, however far apart the arms look."""
    sums = LearningSums.of_cells(arms(0.1, {-1: 10, -0.5: 8, 0.5: 6, 1: 6}, {0.5: 1, 1: 4}))
    value = WeightedAggregator().value(
        sums=sums, global_sums=TemporalSums(), fleet=Fleet(), standing=Standing(learning_id="mine"), updated_at=0
    )
    assert (value.experiment, value.ablation_value, value.ablation_confidence) == (None, None, None)
    assert (value.estimated_value, value.confidence) == (0.0, 0.0)


@named("A8")
def test_a_drifting_baseline_and_a_changing_rate_make_no_effect(vector: dict[str, Any]) -> None:
    """Sessions of different p are weighed so that their baselines cancel, where a plain difference is far off."""
    cells = arms(0.1, {1: 90}, {1: 10}) | arms(0.5, {-0.5: 50}, {-0.5: 50})
    result = ConservativeAblation().compute_marginal_value(LearningSums.of_cells(cells), Fleet())
    assert result is not None
    assert result.marginal_value == pytest.approx(vector["expected"]["marginal_value"], **CLOSE)
    naive = (90 - 25) / 140 - (10 - 25) / 60
    assert naive == pytest.approx(vector["naive_pooled_difference"], **CLOSE)


@named("t p-value")
def test_t_probabilities_match_an_independent_library(vector: dict[str, Any]) -> None:
    """Two-sided, also for degrees of freedom that are not whole and far in the tail."""
    t, df = (float(part.split("=")[1]) for part in vector["name"].split()[2:])
    assert t_two_sided(t, df) == pytest.approx(vector["expected"]["p"], rel=1e-9, abs=1e-20)


@named("C")
def test_observation_and_experiment_are_weighed_by_confidence(vector: dict[str, Any]) -> None:
    """Value and confidence of the combination."""
    temporal, ablation = vector["input"]["temporal"], vector["input"]["ablation"]
    found = combine(
        Estimate(*temporal), Estimate(*ablation) if ablation[0] is not None else None, AggregationParameters()
    )
    assert found == pytest.approx((vector["expected"]["e"], vector["expected"]["c"]), **CLOSE)


@named("H")
def test_the_hash_gives_the_same_number_everywhere(vector: dict[str, Any]) -> None:
    """Three pairs; the second one is withheld at 10 %."""
    assert uniform(**vector["input"]) == pytest.approx(vector["expected"]["u"], rel=0, abs=1e-15)
    withheld = ConservativeAblation().should_withhold(
        learning_id=vector["input"]["learning_id"], session_id=vector["input"]["session_id"], probability=0.1
    )
    assert withheld is (vector["expected"]["u"] < 0.1)


def test_every_vector_is_used() -> None:
    """No worked number is left out by its name."""
    prefixes = ("T1", "T2", "T3", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "t p-value", "C", "H")
    assert all(vector["name"].startswith(prefixes) for vector in VECTORS)

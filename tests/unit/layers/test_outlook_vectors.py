"""The layers' numbers over 160 worked sessions, against values that were computed with exact fractions."""

import json
from pathlib import Path
from typing import Any

import pytest

from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet, fleet_variance
from worker.layers.ablation.posterior import log_bf_harm, posterior
from worker.layers.statistics.sums import MICRO, Cell, Count, LearningSums
from worker.settings.layers import AblationParameters, AggregationParameters

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "outlook-vectors.json").read_text())
CLOSE: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}
LEARNINGS = [f"l{number}" for number in range(6)]


def unadjusted() -> dict[str, LearningSums]:
    """Of each learning, the outcomes as they are."""
    found = {name: LearningSums() for name in LEARNINGS}
    for session in VECTORS["sessions"]:
        for name, was_withheld, p in session["records"]:
            if 0 < p < 1:
                cell = Cell(was_withheld, round(p * MICRO), round(session["y"] * 1000))
                found[name] += LearningSums(n_records=1, n_injected=int(not was_withheld), arms={cell: Count(1, 0)})
    return found


def experiment(sums: LearningSums, fleet: Fleet) -> dict[str, float | bool]:
    """What a vector tells of one experiment."""
    with_, without = arm(sums, was_withheld=False), arm(sums, was_withheld=True)
    found = posterior(with_, without, AblationParameters(), fleet)
    assert found is not None
    smaller = min(with_.records, without.records)
    return {
        "d": found.difference,
        "V": found.variance,
        "value": found.shrunk,
        "sd": found.sd,
        "z": found.z,
        "p_anytime": found.p_anytime,
        "low": found.low,
        "high": found.high,
        "log_bf_harm": found.log_bf_harm,
        "complete": smaller >= AblationParameters().min_sessions_per_arm,
        "enough_to_deprecate": smaller >= AggregationParameters().min_sessions_per_arm_for_deprecation,
    }


def test_the_fleet_shares_one_variance() -> None:
    """Pooled over all learnings with a prior, to the millionth; and every statistic that follows from it."""
    sums, expected = unadjusted(), VECTORS["unadjusted"]
    fleet = Fleet(variance=fleet_variance(sums.values(), floor=AblationParameters().variance_floor))
    assert fleet.variance == expected["fleet_variance_micro"] / MICRO
    for name, numbers in expected["experiments"].items():
        assert experiment(sums[name], fleet) == pytest.approx(numbers, **CLOSE)


@pytest.mark.parametrize("vector", VECTORS["log_bf_harm"], ids=lambda vector: f"d={vector['d']} V={vector['V']}")
def test_the_odds_for_harm_have_a_prior_of_their_own(vector: dict[str, float]) -> None:
    """Against numerical integration over the prior."""
    found = log_bf_harm(vector["d"], vector["V"], prior_sd=vector["harm_prior_sd"])
    assert found == pytest.approx(vector["log_bf"], **CLOSE)


def test_the_settings_are_those_of_the_vectors() -> None:
    """What the numbers were worked with is what the system takes by default."""
    config, ablation, aggregation = VECTORS["config"], AblationParameters(), AggregationParameters()
    found = {
        "effect_prior_sd": ablation.effect_prior_sd,
        "variance_prior_df": ablation.variance_prior_df,
        "variance_floor": ablation.variance_floor,
        "significance_level": ablation.significance_level,
        "min_sessions_per_arm": ablation.min_sessions_per_arm,
        "verdict_margin": ablation.verdict_margin,
        "harm_prior_sd": ablation.harm_prior_sd,
        "ablation_rate": ablation.rate,
        "suspect_rate": ablation.suspect_rate,
        "harm_alpha": aggregation.harm_alpha,
        "deprecation_threshold": aggregation.deprecation_threshold,
        "deprecation_confidence": aggregation.deprecation_confidence,
        "min_sessions_per_arm_to_deprecate": aggregation.min_sessions_per_arm_for_deprecation,
    }
    assert found == {name: config[name] for name in found}

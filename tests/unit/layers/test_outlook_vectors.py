"""The layers' numbers over 160 worked sessions, against values that were computed with exact fractions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from worker.domain import SessionBackground
from worker.layers.ablation.arms import arm
from worker.layers.ablation.fleet import Fleet, fleet_variance
from worker.layers.ablation.posterior import log_bf_harm, posterior
from worker.layers.ablation.rates import capped, chances, open_rate
from worker.layers.aggregation.removals import log_odds_needed, removable
from worker.layers.outlook.design import Design, Entries
from worker.layers.outlook.features import SessionFeatures, fold_of, injected, presence
from worker.layers.outlook.fitting import fit
from worker.layers.outlook.models import Mode, Model
from worker.layers.outlook.residuals import arm_sums, expected_of
from worker.layers.statistics.sums import MICRO, ArmSums, Cell, Count, LearningSums
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
                found[name] += LearningSums.of_cells({cell: Count(1, 0)})
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


@pytest.mark.parametrize("vector", VECTORS["next_p"], ids=range(len(VECTORS["next_p"])))
def test_the_next_chance(vector: dict[str, Any]) -> None:
    """Gentle at first, wide open while harm is likely, open while a benefit is; nothing once the verdict is in."""
    ablation, standing = AblationParameters(), vector["verdict"]
    found = chances(vector["mean"], vector["sd"], margin=ablation.verdict_margin)
    assert found == pytest.approx((vector["harm_chance"], vector["promise_chance"]), **CLOSE)
    if standing in {"keep", "harmless"}:
        assert vector["p"] == 0
        return
    rate = open_rate(
        ablation,
        withheld=vector["n_withheld"],
        mean=vector["mean"],
        sd=vector["sd"],
        is_suspect=vector["suspect"],
    )
    assert rate == vector["p"]


@pytest.mark.parametrize("share", ["0.05", "0.1", "0.2"])
def test_few_of_the_removals_are_wrong(share: str) -> None:
    """Of ten learnings' odds, those that e-BH removes at each share of wrong ones."""
    odds, q = VECTORS["e_bh"]["log_e"], float(share)
    k = removable(list(odds.values()), tested=len(odds), share=q)
    needed = log_odds_needed(Fleet(tested=len(odds), removable=k), AggregationParameters(false_removals=q))
    assert sorted(name for name, of in odds.items() if of >= needed) == VECTORS["e_bh"]["removed"][share]


def test_a_session_withholds_no_more_than_its_share() -> None:
    """Scaled down in proportion, to whole hundredths; a session below the share is left alone."""
    assert capped([0.5, 0.5, 0.25, 0.1], most=1 / 3) == [0.49, 0.49, 0.25, 0.1]
    assert capped([0.5, 0.1, 0.1, 0.1], most=1 / 3) == [0.5, 0.1, 0.1, 0.1]
    assert capped([], most=1 / 3) == []


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
        "start_rate": ablation.start_rate,
        "promise_rate": ablation.promise_rate,
        "suspect_rate": ablation.suspect_rate,
        "harm_chance": ablation.harm_chance,
        "promise_chance": ablation.promise_chance,
        "harm_alpha": aggregation.harm_alpha,
        "deprecation_threshold": aggregation.deprecation_threshold,
        "deprecation_confidence": aggregation.deprecation_confidence,
        "min_sessions_per_arm_to_deprecate": aggregation.min_sessions_per_arm_for_deprecation,
    }
    assert found == {name: config[name] for name in found}


# ----------------------------------------------------------------- outlook

SALT = VECTORS["config"]["salt"]
_DAY = 86_400_000_000


def sessions() -> list[tuple[SessionFeatures, list[tuple[str, bool, float]], int]]:
    """Of each: what the models see of it, its records, its outcome in thousandths."""
    found = []
    for one in VECTORS["sessions"]:
        present = injected((name, 1, was_withheld) for name, was_withheld, _ in one["records"])
        background = SessionBackground(levels=tuple(sorted(one["levels"])), outcome=one["y"])
        features = SessionFeatures(one["session_id"], one["day"] * _DAY, background, present)
        found.append((features, one["records"], round(one["y"] * 1000)))
    return found


def design_of(given: list[tuple[SessionFeatures, list[tuple[str, bool, float]], int]]) -> Design:
    """The arrays of these sessions."""
    rows = [
        (place, LEARNINGS.index(name), was_withheld, round(p * MICRO), outcome)
        for place, (_, records, outcome) in enumerate(given)
        for name, was_withheld, p in records
    ]
    session, learning, was_withheld, p_micro, outcome = (np.array(column) for column in zip(*rows, strict=True))
    return Design.of(
        session_ids=[features.session_id for features, _, _ in given],
        timestamps=[features.timestamp for features, _, _ in given],
        outcomes=[outcome for _, _, outcome in given],
        levels=[features.background.levels for features, _, _ in given],
        weights=[MICRO] * len(given),
        presences=[presence(name, 1) for name in LEARNINGS],
        entries=Entries(
            session, learning, was_withheld.astype(bool), np.zeros(len(session), dtype=bool), p_micro, outcome
        ),
        salt=SALT,
    )


def published(model: Model | None) -> dict[str, Any] | None:
    """As the vectors have it: features without an epoch, those of no weight too."""
    if model is None:
        return None
    names = ["1", "project=a", "project=b", "user=ann", "user=bob", "user=cy", *(f"+{name}@1" for name in LEARNINGS)]
    of = {name.partition("@")[0]: model.coefficients.get(name, 0) for name in names}
    return {"beta_micro": of, "mean_micro": model.mean}


def test_every_session_is_in_the_fold_of_its_hash() -> None:
    """The first eight bytes of a digest, modulo five."""
    assert {name: fold_of(name, SALT) for name in VECTORS["fold_of"]} == VECTORS["fold_of"]


@pytest.mark.parametrize("mode", ["folds", "past"])
def test_models_sums_and_experiments(mode: Mode) -> None:
    """Coefficients to the millionth, what was expected of each record to the thousandth, sums exactly, and every statistic."""
    expected, given = VECTORS[mode], sessions()
    design = design_of(given)
    outlook = fit(design, mode=mode, salt=SALT)
    asked = {
        key: SessionFeatures(f"s{key}", int(key) * _DAY, SessionBackground(), frozenset()) for key in expected["models"]
    }
    models = {
        key: outlook.models.get(int(key)) if mode == "folds" else outlook.model_for(asked[key])
        for key in expected["models"]
    }
    assert {key: published(model) for key, model in models.items()} == expected["models"]

    milli, _, _ = expected_of(design, outlook)
    found = {}
    names = iter(milli.tolist())
    for features, records, _ in given:
        of = outlook.of(features)
        for name, *_ in records:
            value = next(names)
            assert of.adjustment(name, 1).expected == value
            assert sum(line.micro for line in of.lines(name, 1)) == value * 1000
            found[f"{name}|{features.session_id}"] = value
    assert found == expected["expected_milli"]

    sums = arm_sums(design, milli)
    of_learning = {
        name: LearningSums(with_=sums[at, False], without=sums[at, True]) for at, name in enumerate(LEARNINGS)
    }
    as_told = {
        name: {"injected": _told(one.with_), "withheld": _told(one.without)} for name, one in of_learning.items()
    }
    assert as_told == expected["sums"]

    fleet = Fleet(variance=fleet_variance(of_learning.values(), floor=AblationParameters().variance_floor))
    assert fleet.variance == expected["fleet_variance_micro"] / MICRO
    for name, numbers in expected["experiments"].items():
        assert experiment(of_learning[name], fleet) == pytest.approx(numbers, **CLOSE)


def _told(sums: ArmSums) -> dict[str, int]:
    return {"n": sums.records, "w": sums.w, "w2": sums.w2, "wr": sums.wr, "w2r": sums.w2r, "w2r2": sums.w2r2}

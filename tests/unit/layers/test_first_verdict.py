"""The number of sessions that a first verdict is said to take is the one that experiments with likely effects do take."""

import random
from statistics import median

import pytest

from worker.domain import Standing, VerdictKind
from worker.layers.ablation.fleet import Fleet
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.aggregation.first_verdict import sessions_to_first_verdict
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.settings.layers import AblationParameters, LayerParameters

OFTEN = LayerParameters(ablation=AblationParameters(rate=0.5))
#: outcomes are this or its opposite
OUTCOME = 0.74
STEP = 20


def test_more_learnings_together_take_fewer_sessions() -> None:
    """And more withholding does; never fewer than two complete arms need."""
    for parameters in (LayerParameters(), OFTEN):
        needed = [sessions_to_first_verdict(together=k, parameters=parameters) for k in (1, 2, 5, 20, 200)]
        assert None not in needed
        assert needed == sorted(needed, key=lambda sessions: -(sessions or 0))
        arm = parameters.ablation.min_sessions_per_arm
        assert all(sessions and sessions >= arm / parameters.ablation.rate for sessions in needed)
    alone = [sessions_to_first_verdict(together=1, parameters=parameters) for parameters in (LayerParameters(), OFTEN)]
    assert alone[0] > alone[1]  # type: ignore[operator]  # asserted above
    quiet = sessions_to_first_verdict(together=1, parameters=OFTEN, outcome_variance=0.1)
    assert quiet < alone[1]  # type: ignore[operator]  # asserted above


def test_where_nothing_is_withheld_there_is_none() -> None:
    """Nor of nothing."""
    off = LayerParameters(ablation=AblationParameters(enabled=False))
    assert sessions_to_first_verdict(together=3, parameters=off) is None
    rarely = LayerParameters(ablation=AblationParameters(rate=0.001))
    assert sessions_to_first_verdict(together=1, parameters=rarely) is None
    with pytest.raises(ValueError, match="at least one learning"):
        sessions_to_first_verdict(together=0, parameters=off)


@pytest.mark.parametrize("together", [1, 6])
def test_experiments_take_as_long_as_it_says(together: int) -> None:
    """Many of them with effects as they are expected, session by session: the medians are close."""
    chance = random.Random(together)
    spread = OFTEN.ablation.effect_prior_sd * together**0.5
    took = median(_experiment(chance.gauss(0, spread), chance) for _ in range(240))
    said = sessions_to_first_verdict(together=together, parameters=OFTEN, outcome_variance=OUTCOME**2)
    assert said is not None
    assert said / 1.25 < took < said * 1.25


def _experiment(effect: float, chance: random.Random) -> int:
    """Sessions until its verdict, looked at every few."""
    counts = {(withheld, sign): 0 for withheld in (False, True) for sign in (-1, 1)}
    for session in range(1, 4001):
        withheld = chance.random() < 0.5
        mean = -effect / 2 if withheld else effect / 2
        is_good = chance.random() < min(1.0, max(0.0, (1 + mean / OUTCOME) / 2))
        counts[withheld, 1 if is_good else -1] += 1
        if session % STEP == 0 and _verdict(counts) is not VerdictKind.UNDECIDED:
            return session
    return 4000


def _verdict(counts: dict[tuple[bool, int], int]) -> VerdictKind:
    arms = {
        Cell(withheld, 500_000, round(sign * OUTCOME * 1000)): Count(number, 0)
        for (withheld, sign), number in counts.items()
        if number
    }
    sums = LearningSums.of_cells(arms)
    value = WeightedAggregator(OFTEN).value(
        sums=sums,
        global_sums=TemporalSums(),
        fleet=Fleet(OUTCOME**2),
        standing=Standing(learning_id="mine"),
        updated_at=0,
    )
    return value.verdict.kind

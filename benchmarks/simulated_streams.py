"""Single learnings followed session by session: is one without effect ever called significant, and how long until a verdict?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.pool import Pool
from typing import NamedTuple

import numpy as np
from simulated_table import share
from simulated_team import WithoutForecasts

from worker.domain import LearningValue, Standing, VerdictKind
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.settings.layers import LayerParameters

#: looks at which the forecast is compared with what came of it, in eligible sessions; 0: when the experiment is complete
LOOKS = (0, 250, 400, 600, 900)
HORIZON = 8000


def show_peeking(pool: Pool, streams: int, parameters: LayerParameters) -> None:
    print(
        f"\nlearnings without effect, looked at after each of 1,000 sessions, {streams} streams each: called significant"
    )
    print(f"{'withheld':>10}{'success rate':>14}" + "".join(f"{name:>26}" for name in Peeked._fields))
    for chance in (0.1, 0.5):
        for success in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            jobs = [(success, chance, seed, parameters) for seed in range(streams)]
            found = pool.map(peeking, jobs, chunksize=8)
            told = "".join(f"{share(flags):>26}" for flags in zip(*found, strict=True))
            print(f"{chance:>10.0%}{success:>14.1f}{told}", flush=True)


def show_forecasts(pool: Pool, streams: int, parameters: LayerParameters) -> None:
    jobs = [(seed, parameters) for seed in range(streams)]
    waits = [wait for found in pool.imap_unordered(waiting, jobs) for wait in found]
    print(f"\nsessions still needed, forecast and realised, medians over {streams} learnings followed to their verdict")
    print(f"{'forecast made':>24}{'undecided':>12}{'forecast':>12}{'realised':>12}{'ratio':>8}")
    for look in LOOKS:
        seen = [wait for wait in waits if wait.look == look]
        forecast = float(np.median([wait.forecast for wait in seen]))
        realised = survival_median([(wait.realised, wait.was_decided) for wait in seen])
        name = f"after {look} sessions" if look else "at completion"
        print(f"{name:>24}{len(seen):>12}{forecast:>12.0f}{realised:>12.0f}{forecast / realised:>8.2f}")


class Peeked(NamedTuple):
    """Whether one learning without effect was called significant."""

    #: by the system's own test
    ever: bool
    #: by Welch's p
    welch_ever: bool
    #: by Welch's p, looked at once
    welch_at_completion: bool


def peeking(job: tuple[float, float, int, LayerParameters]) -> Peeked:
    """One learning without effect, looked at after each of 1,000 sessions from its experiment's completion on."""
    success, chance, seed, parameters = job
    random = np.random.default_rng([seed, round(success * 10), round(chance * 10)])
    ablation = ConservativeAblation(parameters.ablation)
    level = parameters.ablation.significance_level
    sums = LearningSums()
    ever, by_welch = False, list[bool]()
    for left_out, good, spread in random.random((1000, 3)):
        outcome = (1000 if spread < 0.7 else 500) if good < success else (-500 if spread < 0.7 else -1000)
        cell = Cell(bool(left_out < chance), round(chance * 1e6), outcome)
        sums += LearningSums.of_cells({cell: Count(1, 0)})
        result = ablation.compute_marginal_value(sums, Fleet())
        if result and result.is_complete:
            ever = ever or result.is_significant
            by_welch.append(result.p_welch < level)
    return Peeked(ever, any(by_welch), by_welch[0])


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A forecast of an undecided experiment, and the sessions that it took; cut off where no verdict came within the horizon."""

    look: int
    forecast: float
    realised: int
    was_decided: bool


def waiting(job: tuple[int, LayerParameters]) -> list[Wait]:
    """One learning, effect drawn as in the worlds, followed until its verdict, withheld at the chances that the system gives."""
    seed, parameters = job
    random = np.random.default_rng(seed)
    ablation = ConservativeAblation(parameters.ablation)
    quick, whole = WithoutForecasts(parameters, ablation), WeightedAggregator(parameters, ablation)
    effect = float(random.choice([0.0, 1.0, -1.0], p=[0.7, 0.2, 0.1]) * random.uniform(0.0, 0.5))
    name, sums, forecasts = f"learning-{seed}", LearningSums(), dict[int, tuple[int, float]]()
    chance = _valued(quick, sums, name).next_withhold_probability
    for session in range(1, HORIZON + 1):
        left_out = ablation.should_withhold(learning_id=name, session_id=f"session-{session}", probability=chance)
        cell = Cell(left_out, round(chance * 1e6), _outcome(random, 0.1 + (0.0 if left_out else effect)))
        sums += LearningSums.of_cells({cell: Count(1, 0)})
        value = _valued(quick, sums, name)
        chance = value.next_withhold_probability
        if value.verdict.kind is not VerdictKind.UNDECIDED:
            return _waits(forecasts, session, was_decided=True)
        looks = [session] if session in LOOKS else []
        if value.experiment and 0 not in forecasts:
            looks.append(0)
        for look in looks:
            forecasts[look] = session, _valued(whole, sums, name).verdict.sessions_needed or math.inf
    return _waits(forecasts, HORIZON, was_decided=False)


def _valued(aggregator: WeightedAggregator, sums: LearningSums, name: str) -> LearningValue:
    standing = Standing(learning_id=name)
    return aggregator.value(sums=sums, global_sums=TemporalSums(), fleet=Fleet(), standing=standing, updated_at=0)


def _outcome(random: np.random.Generator, mean: float) -> int:
    """In thousandths; full successes and failures are a little more frequent than partial ones."""
    good = random.random() < (mean + 0.7) / 1.525
    full = random.random() < (0.65 if good else 0.4)
    return (1000 if full else 500) if good else (-1000 if full else -500)


def _waits(forecasts: dict[int, tuple[int, float]], end: int, *, was_decided: bool) -> list[Wait]:
    return [
        Wait(look=look, forecast=forecast, realised=end - made_at, was_decided=was_decided)
        for look, (made_at, forecast) in forecasts.items()
    ]


def survival_median(waits: Sequence[tuple[float, bool]]) -> float:
    """Kaplan and Meier's median of waits, some of them cut off by the end (False); infinite where half never ended."""
    at_risk, surviving = len(waits), 1.0
    for wait, ended in sorted(waits, key=lambda each: (each[0], not each[1])):
        if ended:
            surviving *= 1 - 1 / at_risk
            if surviving <= 0.5:
                return wait
        at_risk -= 1
    return math.inf

"""How far the verdicts can be trusted: the project's own layers over simulated teams whose true effects are known.

    python benchmarks/simulation.py [--worlds 40] [--sessions 5000] [--jobs 2] [--scenario strong] [--results FILE]

Every session is assigned by the project's hash at the chance that the project gave last, becomes one record a learning, goes into
the learning's sums, and its value is computed anew, as the running system does; every 250 sessions all of them are refreshed. Beside it,
on the same worlds, the baseline that people know: a running mean of the raw net with confidence 1 − 1/(1 + ln n), without an experiment.
With `--results` each world's account is kept as a line of JSON, and a second run goes on from there.
"""

import argparse
import json
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from scipy.stats import rankdata, spearmanr
from simulated_scenarios import SCENARIOS, USUAL
from simulated_team import Story, Team
from simulated_world import Bools, Floats, Ints, World

from worker.domain import Standing, VerdictKind
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.settings.layers import LayerParameters

BIG_HARM, BIG_HELP = -0.3, 0.2


@dataclass(frozen=True, kw_only=True)
class Naive:
    """The baseline's answer for one world."""

    value: Floats
    was_deprecated: Bools


def naive(world: World, parameters: LayerParameters) -> Naive:
    """Running mean of the raw net over the sessions that used the learning, deprecated by the same threshold and confidence."""
    rule = parameters.aggregation
    value, deprecated = np.zeros(world.n_learnings), np.zeros(world.n_learnings, dtype=bool)
    for i in range(world.n_learnings):
        used = (world.learning == i) & world.uses
        n = np.arange(1, used.sum() + 1)
        if not len(n):
            continue
        mean = np.cumsum(world.positive[used] - world.negative[used]) / n
        confidence = 1 - 1 / (1 + np.log(n))
        over = (mean < rule.deprecation_threshold) & (confidence > rule.deprecation_confidence)
        value[i], deprecated[i] = mean[-1], over[n >= rule.min_sessions_for_deprecation].any()
    return Naive(value=value, was_deprecated=deprecated)


# ------------------------------------------------------------------ reading


def correlation(outcomes: list["Outcome"], value: Callable[["Outcome"], Floats]) -> str:
    """Ranks of values and of true effects; none where all effects are the same."""
    told = [spearmanr(o.truth, value(o)).statistic for o in outcomes if np.ptp(o.truth)]
    return mean(told) if told else "none"


def harm_area(truth: Floats, value: Floats) -> float:
    """Chance that a harmful learning is valued lower than another one."""
    harmful = truth < 0
    ranks = rankdata(-value)
    n = int(harmful.sum())
    if not n:
        return math.nan
    return float((ranks[harmful].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One world, read."""

    scenario: str
    seed: int
    stories: list[Story]
    naive: Naive
    #: of each session
    outcomes: Floats
    #: learnings withheld from it
    withheld: Ints

    @property
    def key(self) -> tuple[str, int]:
        return self.scenario, self.seed

    def to_json(self) -> str:
        document = asdict(self) | {"outcomes": self.outcomes.tolist(), "withheld": self.withheld.tolist()}
        document["naive"] = {"value": self.naive.value.tolist(), "was_deprecated": self.naive.was_deprecated.tolist()}
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "Outcome":
        found = json.loads(line)
        return cls(
            scenario=found["scenario"],
            seed=found["seed"],
            stories=[Story(**story) for story in found["stories"]],
            naive=Naive(**{name: np.array(of) for name, of in found["naive"].items()}),
            outcomes=np.array(found["outcomes"]),
            withheld=np.array(found["withheld"]),
        )

    @property
    def truth(self) -> Floats:
        return np.array([story.truth for story in self.stories])

    @property
    def value(self) -> Floats:
        return np.array([story.estimated for story in self.stories])


def run(job: tuple[str, int, int, LayerParameters]) -> Outcome:
    scenario, seed, sessions, parameters = job
    of = SCENARIOS[scenario]
    world = of.make(seed, n_sessions=sessions)
    team = Team(world, changed(parameters, of.parameters), of.twist)
    stories = team.live()
    return Outcome(
        scenario=scenario,
        seed=seed,
        stories=stories,
        naive=naive(world, parameters),
        outcomes=np.array(team.outcomes),
        withheld=np.array(team.withheld),
    )


def changed(parameters: LayerParameters, changes: Mapping[str, Mapping[str, object]]) -> LayerParameters:
    document = parameters.model_dump()
    for group, values in changes.items():
        document[group] |= values
    return LayerParameters.model_validate(document)


def read(outcomes: list[Outcome]) -> dict[str, str]:
    """The table's column of one scenario."""
    stories = [story for outcome in outcomes for story in outcome.stories if story.was_seen]
    good = [s for s in stories if s.truth >= 0]
    complete = [s for s in stories if s.is_complete]
    kept = [s for s in stories if s.is_kept]
    removed = [s for s in stories if s.was_deprecated]
    wrong = [s for s in kept if s.truth <= -0.1] + [s for s in removed if s.truth >= 0]
    return {
        "rank correlation with the truth": correlation(outcomes, lambda o: o.value),
        "area under the curve for harm": mean(harm_area(o.truth, o.value) for o in outcomes),
        "good learnings ever deprecated": share(s.was_deprecated for s in good),
        "effects <= -0.3 found": share(s.was_deprecated for s in stories if s.truth <= BIG_HARM),
        "effects <= -0.3 called harmful or removed": share(
            s.was_deprecated or s.is_harmful for s in stories if s.truth <= BIG_HARM
        ),
        "effects >= +0.2 kept": share(s.is_kept for s in stories if s.truth >= BIG_HELP),
        "null ever is_significant": share(s.was_significant for s in stories if s.truth == 0),
        "truth in the interval at every look": share(not s.was_uncovered for s in complete),
        "withheld a session": mean(o.withheld.mean() for o in outcomes),
        "mean outcome of a session": mean(o.outcomes.mean() for o in outcomes),
        "mean outcome of the last 1,000": mean(o.outcomes[-1000:].mean() for o in outcomes),
        "wrong among keep and remove": ratio(len(wrong), len(kept) + len(removed)),
        "keep though effect <= -0.1": share(s.is_kept for s in stories if s.truth <= -0.1),
        **calibration(complete),
        "baseline: rank correlation": correlation(outcomes, lambda o: o.naive.value),
        "baseline: area for harm": mean(harm_area(o.truth, o.naive.value) for o in outcomes),
        "baseline: good learnings deprecated": share(
            gone for o in outcomes for gone in o.naive.was_deprecated[o.truth >= 0]
        ),
        "baseline: effects <= -0.3 found": share(
            gone for o in outcomes for gone in o.naive.was_deprecated[o.truth <= BIG_HARM]
        ),
    }


def calibration(stories: list[Story]) -> dict[str, str]:
    """Among learnings with an effect: stated chance that the sign is right, (1 + confidence) / 2, beside how often it is."""
    table = {}
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        chosen = [s for s in stories if s.truth and low <= s.confidence < high]
        stated = float(np.mean([(1 + s.confidence) / 2 for s in chosen])) if chosen else math.nan
        right = float(np.mean([s.shrunk * s.truth > 0 for s in chosen])) if chosen else math.nan
        table[f"sign right at confidence {low:.2f} to {min(high, 1):.2f}"] = (
            f"{stated:.2f} -> {right:.2f} ({len(chosen)})"
        )
    return table


def mean(numbers: Iterable[float]) -> str:
    return f"{np.mean(list(numbers)):.3f}"


def share(flags: Iterable[bool]) -> str:
    listed = list(flags)
    return ratio(sum(listed), len(listed))


def ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2%} ({part}/{whole})" if whole else "none"


# ------------------------------------------------------------- type-I error


def peeking(job: tuple[float, float, int, LayerParameters]) -> bool:
    """One learning without effect, looked at after each of 1,000 sessions: was it ever significant?"""
    success, chance, seed, parameters = job
    random = np.random.default_rng([seed, round(success * 10), round(chance * 10)])
    ablation = ConservativeAblation(parameters.ablation)
    sums = LearningSums()
    for left_out, good, spread in random.random((1000, 3)):
        outcome = (1000 if spread < 0.7 else 500) if good < success else (-500 if spread < 0.7 else -1000)
        cell = Cell(bool(left_out < chance), round(chance * 1e6), outcome)
        sums += LearningSums.of_cells({cell: Count(1, 0)})
        result = ablation.compute_marginal_value(sums, Fleet())
        if result and result.is_significant:
            return True
    return False


# ----------------------------------------------------------------- forecast

#: looks at which the forecast is compared with what came of it, in eligible sessions; 0: when the experiment is complete
LOOKS = (0, 250, 400, 600, 900)
HORIZON = 8000


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A forecast of an undecided experiment, and the sessions that it took; cut off where no verdict came within the horizon."""

    look: int
    forecast: float
    realised: int
    was_decided: bool


def waiting(job: tuple[int, LayerParameters]) -> list[Wait]:
    """One learning, effect drawn as in the worlds, followed until its verdict."""
    seed, parameters = job
    random = np.random.default_rng(seed)
    aggregator, ablation = WeightedAggregator(parameters), ConservativeAblation(parameters.ablation)
    standing = Standing(learning_id=f"learning-{seed}")
    effect = float(random.choice([0.0, 1.0, -1.0], p=[0.7, 0.2, 0.1]) * random.uniform(0.0, 0.5))
    sums, chance, forecasts = LearningSums(), parameters.ablation.rate_in_force, dict[int, tuple[int, float]]()
    for session in range(1, HORIZON + 1):
        left_out = ablation.should_withhold(
            learning_id=standing.learning_id, session_id=f"session-{session}", probability=chance
        )
        cell = Cell(left_out, round(chance * 1e6), _outcome(random, 0.1 + (0.0 if left_out else effect)))
        sums += LearningSums.of_cells({cell: Count(1, 0)})
        value = aggregator.value(sums=sums, global_sums=TemporalSums(), fleet=Fleet(), standing=standing, updated_at=0)
        chance = value.next_withhold_probability
        if value.verdict.kind is not VerdictKind.UNDECIDED:
            return _waits(forecasts, session, was_decided=True)
        if value.experiment and 0 not in forecasts:
            forecasts[0] = session, value.verdict.sessions_needed or math.inf
        if session in LOOKS:
            forecasts[session] = session, value.verdict.sessions_needed or math.inf
    return _waits(forecasts, HORIZON, was_decided=False)


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


# --------------------------------------------------------------------- main


def main() -> None:
    arguments = parse()
    parameters = LayerParameters.model_validate(json.loads(arguments.parameters))
    scenarios = arguments.scenario or list(USUAL)
    began = time.monotonic()
    with multiprocessing.Pool(arguments.jobs) as pool:
        worlds = 0 if arguments.only_forecasts else arguments.worlds
        outcomes = kept(arguments.results)
        known = {outcome.key for outcome in outcomes}
        keys = [(name, seed) for seed in range(worlds) for name in scenarios]
        jobs = [(*key, arguments.sessions, parameters) for key in keys if key not in known]
        for outcome in pool.imap_unordered(run, jobs):
            outcomes.append(outcome)
            keep(arguments.results, outcome)
            print(
                f"{len(outcomes)} of {len(known) + len(jobs)} worlds, {time.monotonic() - began:.0f} s",
                file=sys.stderr,
                flush=True,
            )
        if outcomes:
            show({name: read([o for o in outcomes if o.scenario == name]) for name in scenarios})
        if arguments.streams and not arguments.only_forecasts:
            show_peeking(pool, arguments.streams, parameters)
        if arguments.streams:
            show_forecasts(pool, arguments.streams, parameters)
    print(f"\n{worlds} worlds a scenario, {arguments.sessions} sessions each, {time.monotonic() - began:.0f} s")


def kept(results: Path | None) -> list[Outcome]:
    if results is None or not results.exists():
        return []
    return [Outcome.from_json(line) for line in results.read_text(encoding="utf-8").splitlines()]


def keep(results: Path | None, outcome: Outcome) -> None:
    if results is not None:
        with results.open("a", encoding="utf-8") as file:
            file.write(outcome.to_json() + "\n")


def show(columns: dict[str, dict[str, str]]) -> None:
    print(f"\n{'worlds':45}" + "".join(f"{name:>24}" for name in columns))
    for row in next(iter(columns.values())):
        print(f"{row:45}" + "".join(f"{column.get(row, ''):>24}" for column in columns.values()))


def show_peeking(pool: Pool, streams: int, parameters: LayerParameters) -> None:
    print(f"\ntype-I error of is_significant, looked at after each of 1,000 sessions, {streams} streams each")
    print(f"{'success rate':>14}" + "".join(f"{chance:>14.0%} withheld" for chance in (0.1, 0.5)))
    for success in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        row = f"{success:>14.1f}"
        for chance in (0.1, 0.5):
            jobs = [(success, chance, seed, parameters) for seed in range(streams)]
            row += f"{share(pool.imap_unordered(peeking, jobs, chunksize=8)):>23}"
        print(row, flush=True)


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


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40, help="a scenario")
    parser.add_argument("--sessions", type=int, default=5000, help="a world")
    parser.add_argument(
        "--scenario", action="append", choices=list(SCENARIOS), help="several times; default: the usual three"
    )
    parser.add_argument("--results", type=Path, help="a line of JSON a world; what is there already is not run again")
    parser.add_argument("--streams", type=int, default=200, help="for type-I error and forecasts; 0 leaves them out")
    parser.add_argument("--only-forecasts", action="store_true", help="no worlds, no type-I error")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--parameters", default="{}", help="of the layers, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()

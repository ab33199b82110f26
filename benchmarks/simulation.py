"""How far the verdicts can be trusted: the project's own layers over simulated teams whose true effects are known.

    python benchmarks/simulation.py [--worlds 40] [--sessions 5000] [--jobs 2] [--scenario strong] [--only-forecasts]

Every session is assigned by the project's hash at the chance that the project gave last, becomes one record a learning, goes into
the learning's sums, and its value is computed anew, as the running system does. Beside it, on the same worlds, the baseline that
people know: a running mean of the raw net with confidence 1 − 1/(1 + ln n), without an experiment.
"""

import argparse
import json
import math
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import Pool

import numpy as np
from scipy.stats import rankdata, spearmanr
from simulated_world import CONFOUNDING, Bools, Floats, Ints, World, make_world

from worker.domain import (
    AttributionRecord,
    LearningStatus,
    LearningValue,
    SessionBackground,
    Standing,
    Verdict,
    VerdictKind,
)
from worker.layers.ablation.fleet import Fleet, fleet_variance
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.aggregation.verdict import undecided
from worker.layers.outlook.design import Design, Entries
from worker.layers.outlook.features import SessionFeatures, presence
from worker.layers.outlook.fitting import fit
from worker.layers.outlook.models import Outlook, SessionOutlook
from worker.layers.outlook.residuals import arm_sums, expected_of
from worker.layers.statistics.sums import MICRO, MILLI, NO_ARM, Cell, Count, LearningSums, TemporalSums
from worker.layers.temporal.correlation import attributed_value, bounded_net
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters
from worker.system.clock import DAY

BIG_HARM, BIG_HELP = -0.3, 0.2
#: sessions between two refreshes of what the fleet shares
REFRESH = 250


@dataclass(kw_only=True)
class Story:
    """What happened to one learning."""

    truth: float
    was_deprecated: bool = False
    was_significant: bool = False
    #: the truth was outside the interval at some look after completion
    was_uncovered: bool = False
    value: LearningValue | None = None
    is_complete: bool = False

    @property
    def is_kept(self) -> bool:
        return self.value is not None and self.value.verdict.kind is VerdictKind.KEEP

    @property
    def is_harmful(self) -> bool:
        return self.value is not None and self.value.verdict.kind in (VerdictKind.HARMFUL, VerdictKind.REMOVE)

    def look(self, value: LearningValue) -> None:
        self.value = value
        self.was_deprecated |= value.status is LearningStatus.DEPRECATED
        if value.experiment is None:
            return
        self.is_complete = True
        self.was_significant |= value.experiment.is_significant
        self.was_uncovered |= not value.experiment.interval_low <= self.truth <= value.experiment.interval_high


class Past:
    """All sessions so far, as the refresh asks for them."""

    def __init__(self) -> None:
        self._sessions: list[tuple[str, int, tuple[str, ...], int]] = []
        self._rows: list[tuple[int, int, bool, int, int]] = []

    def add(
        self,
        name: str,
        day: int,
        levels: tuple[str, ...],
        records: list[tuple[int, bool]],
        chances: list[int],
        outcome: int,
    ) -> None:
        at = len(self._sessions)
        self._sessions.append((name, day, levels, outcome))
        self._rows += [(at, i, out, p, outcome) for (i, out), p in zip(records, chances, strict=True)]

    def design(self, presences: list[str], *, salt: str) -> Design:
        names, days, levels, outcomes = zip(*self._sessions, strict=True)
        session, learning, withheld, p_micro, outcome = np.array(self._rows, dtype=np.int64).T
        return Design.of(
            session_ids=names,
            timestamps=[day * DAY for day in days],
            outcomes=outcomes,
            levels=levels,
            weights=[MICRO] * len(names),
            presences=presences,
            entries=Entries(session, learning, withheld.astype(bool), p_micro, outcome),
            salt=salt,
        )


class WithoutForecasts(WeightedAggregator):
    """A forecast decides nothing, and takes most of the time."""

    def _undecided(self, sums: LearningSums, observation: Observation, fleet: Fleet, probability: float) -> Verdict:
        return undecided("not asked")


class Team:
    """The world, seen through the project's layers."""

    def __init__(self, world: World, parameters: LayerParameters) -> None:
        self._world = world
        self._parameters = parameters
        self._ablation = ConservativeAblation(parameters.ablation)
        self._aggregator = WithoutForecasts(parameters, self._ablation)
        self._kappa = parameters.temporal.net_kappa
        n = world.n_learnings
        self._names = [f"learning-{i}" for i in range(n)]
        self._presences = [presence(name, 1) for name in self._names]
        self._standing = [Standing(learning_id=name) for name in self._names]
        self._sums = [LearningSums() for _ in range(n)]
        self._everybody = TemporalSums()
        self._fleet = Fleet()
        self._outlook = Outlook()
        self._past = Past()
        self._chance = [parameters.ablation.rate_in_force] * n
        self._excluded = [False] * n
        self.outcomes: list[float] = []
        self.withheld: list[int] = []
        self.stories = [Story(truth=float(effect)) for effect in world.true_effect]

    def live(self) -> list[Story]:
        for session in range(len(self._world.hidden)):
            self._session(session)
            if session % REFRESH == REFRESH - 1:
                self._refresh()
        return self.stories

    def _refresh(self) -> None:
        floor, parameters = self._parameters.ablation.variance_floor, self._parameters
        design = self._past.design(self._presences, salt=parameters.ablation.salt)
        self._outlook = fit(design, mode=parameters.outlook.mode, salt=parameters.ablation.salt)
        sums = arm_sums(design, expected_of(design, self._outlook)[0])
        self._sums = [
            replace(one, with_=sums.get((i, False), NO_ARM), without=sums.get((i, True), NO_ARM))
            for i, one in enumerate(self._sums)
        ]
        self._fleet = Fleet(variance=fleet_variance(self._sums, floor=floor))
        for learning in range(self._world.n_learnings):
            self._revalue(learning)

    def _session(self, session: int) -> None:
        entries = range(self._world.starts[session], self._world.starts[session + 1])
        learnings = [int(self._world.learning[entry]) for entry in entries]
        name = f"session-{session}"
        withheld = [self._is_withheld(i, name) for i in learnings]
        injected = [not self._excluded[i] and not left_out for i, left_out in zip(learnings, withheld, strict=True)]
        outcome = self._world.outcome(session, np.array(injected))
        self.outcomes.append(outcome)
        self.withheld.append(
            sum(left_out and not self._excluded[i] for i, left_out in zip(learnings, withheld, strict=True))
        )
        taking_part = [
            (entry, i, left_out)
            for entry, i, left_out in zip(entries, learnings, withheld, strict=True)
            if not self._excluded[i]
        ]
        outlook = self._remember(session, name, [(i, left_out) for _, i, left_out in taking_part], outcome)
        for entry, i, left_out in taking_part:
            record = self._record(entry, i, name, was_withheld=left_out, outcome=outcome)
            one = LearningSums.of(record, outlook.adjustment(self._names[i], 1))
            self._sums[i] += one
            self._everybody += one.temporal
        for _, i, _ in taking_part:
            self._revalue(i)

    def _remember(self, session: int, name: str, taking_part: list[tuple[int, bool]], outcome: float) -> SessionOutlook:
        """What was to be expected of the session, under the models in force."""
        chances = [round(self._chance[i] * MICRO) for i, _ in taking_part]
        levels = self._world.levels[session]
        day = session // self._world.sessions_a_day
        self._past.add(name, day, levels, taking_part, chances, round(outcome * MILLI))
        present = frozenset(self._presences[i] for i, left_out in taking_part if not left_out)
        background = SessionBackground(levels=levels, outcome=outcome)
        return self._outlook.of(SessionFeatures(name, day * DAY, background, present))

    def _is_withheld(self, learning: int, session_id: str) -> bool:
        return self._ablation.should_withhold(
            learning_id=self._names[learning], session_id=session_id, probability=self._chance[learning]
        )

    def _record(
        self, entry: int, learning: int, session_id: str, *, was_withheld: bool, outcome: float
    ) -> AttributionRecord:
        world = self._world
        was_activated = bool(world.uses_anyway[entry] if was_withheld else world.uses[entry])
        activation = float(world.activation[entry]) if was_activated else 0.3
        positive, negative = (
            (float(world.positive[entry]), float(world.negative[entry])) if was_activated else (0.0, 0.0)
        )
        return AttributionRecord(
            learning_id=self._names[learning],
            session_id=session_id,
            timestamp=0,
            was_activated=was_activated,
            activation_confidence=activation,
            activation_signals=(),
            temporal_positive=positive,
            temporal_negative=negative,
            net_temporal=positive - negative,
            was_withheld=was_withheld,
            session_outcome=outcome,
            attributed_value=attributed_value(
                activation_confidence=activation,
                bounded=bounded_net(positive, negative, kappa=self._kappa),
                was_activated=was_activated,
                was_withheld=was_withheld,
            ),
            withhold_probability=self._chance[learning],
        )

    def _revalue(self, learning: int) -> None:
        value = self._aggregator.value(
            sums=self._sums[learning],
            global_sums=self._everybody,
            fleet=self._fleet,
            standing=self._standing[learning],
            updated_at=0,
        )
        self._chance[learning] = value.next_withhold_probability
        self._excluded[learning] = value.status is LearningStatus.DEPRECATED
        self.stories[learning].look(value)


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


def harm_area(truth: Floats, value: Floats) -> float:
    """Chance that a harmful learning is valued lower than another one."""
    harmful = truth < 0
    ranks = rankdata(-value)
    n = int(harmful.sum())
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
    def truth(self) -> Floats:
        return np.array([story.truth for story in self.stories])

    @property
    def value(self) -> Floats:
        return np.array([story.value.estimated_value if story.value else 0.0 for story in self.stories])


def run(job: tuple[str, int, int, LayerParameters]) -> Outcome:
    scenario, seed, sessions, parameters = job
    world = make_world(seed, confounding=CONFOUNDING[scenario], n_sessions=sessions)
    team = Team(world, parameters)
    stories = team.live()
    return Outcome(
        scenario=scenario,
        seed=seed,
        stories=stories,
        naive=naive(world, parameters),
        outcomes=np.array(team.outcomes),
        withheld=np.array(team.withheld),
    )


def read(outcomes: list[Outcome]) -> dict[str, str]:
    """The table's column of one scenario."""
    stories = [story for outcome in outcomes for story in outcome.stories if story.value]
    good = [s for s in stories if s.truth >= 0]
    complete = [s for s in stories if s.is_complete]
    kept = [s for s in stories if s.is_kept]
    removed = [s for s in stories if s.was_deprecated]
    wrong = [s for s in kept if s.truth <= -0.1] + [s for s in removed if s.truth >= 0]
    return {
        "rank correlation with the truth": mean(spearmanr(o.truth, o.value).statistic for o in outcomes),
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
        "baseline: rank correlation": mean(spearmanr(o.truth, o.naive.value).statistic for o in outcomes),
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
        chosen = [
            (s.truth, s.value.experiment)
            for s in stories
            if s.truth and s.value and s.value.experiment and low <= s.value.experiment.confidence < high
        ]
        stated = float(np.mean([(1 + found.confidence) / 2 for _, found in chosen])) if chosen else math.nan
        right = float(np.mean([found.shrunk_value * truth > 0 for truth, found in chosen])) if chosen else math.nan
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
    scenarios = arguments.scenario or list(CONFOUNDING)
    began = time.monotonic()
    with multiprocessing.Pool(arguments.jobs) as pool:
        worlds = 0 if arguments.only_forecasts else arguments.worlds
        jobs = [(name, seed, arguments.sessions, parameters) for seed in range(worlds) for name in scenarios]
        outcomes: list[Outcome] = []
        for outcome in pool.imap_unordered(run, jobs):
            outcomes.append(outcome)
            print(
                f"{len(outcomes)} of {len(jobs)} worlds, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
            )
        if outcomes:
            show({name: read([o for o in outcomes if o.scenario == name]) for name in scenarios})
        if arguments.streams and not arguments.only_forecasts:
            show_peeking(pool, arguments.streams, parameters)
        if arguments.streams:
            show_forecasts(pool, arguments.streams, parameters)
    print(f"\n{worlds} worlds a scenario, {arguments.sessions} sessions each, {time.monotonic() - began:.0f} s")


def show(columns: dict[str, dict[str, str]]) -> None:
    print(f"\n{'confounding':45}" + "".join(f"{name:>24}" for name in columns))
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
    parser.add_argument("--scenario", action="append", choices=list(CONFOUNDING), help="several times; default: all")
    parser.add_argument("--streams", type=int, default=200, help="for type-I error and forecasts; 0 leaves them out")
    parser.add_argument("--only-forecasts", action="store_true", help="no worlds, no type-I error")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--parameters", default="{}", help="of the layers, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How far the verdicts can be trusted: the project's own layers over simulated teams whose true effects are known.

    python benchmarks/simulation.py [--worlds 40] [--sessions 5000] [--jobs 2] [--scenario strong] [--results FILE]

Every session is assigned by the project's hash at the chance that the project gave last, becomes one record a learning, goes into
the learning's sums, and its value is computed anew, as the running system does; every 250 sessions all of them are refreshed. Beside it,
on the same worlds, the baseline that people know: a running mean of the raw net with confidence 1 − 1/(1 + ln n), without an experiment.
With `--results` each world's account is kept as a line of JSON, and a second run goes on from there.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from simulated_outcomes import Outcome, keep, kept, naive
from simulated_scenarios import SCENARIOS, USUAL
from simulated_streams import show_forecasts, show_peeking
from simulated_table import read, show
from simulated_team import Team

from worker.settings.layers import LayerParameters


def main() -> None:
    arguments = parse()
    parameters = LayerParameters.model_validate(json.loads(arguments.parameters))
    scenarios = arguments.scenario or list(USUAL)
    began = time.monotonic()
    with multiprocessing.Pool(arguments.jobs) as pool:
        worlds = 0 if arguments.only_forecasts else arguments.worlds
        outcomes = kept(arguments.results)
        known = {outcome.key for outcome in outcomes}
        seeds = range(arguments.first_world, arguments.first_world + worlds)
        keys = [(name, seed) for seed in seeds for name in scenarios]
        jobs = [(*key, arguments.sessions, parameters) for key in keys if key not in known]
        for outcome in pool.imap_unordered(run, jobs):
            outcomes.append(outcome)
            keep(arguments.results, outcome)
            print(
                f"{len(outcomes)} of {len(known) + len(jobs)} worlds, {time.monotonic() - began:.0f} s",
                file=sys.stderr,
                flush=True,
            )
        columns = {name: [o for o in outcomes if o.scenario == name] for name in scenarios}
        if any(columns.values()):
            show({name: read(found) for name, found in columns.items() if found})
        if arguments.streams and not arguments.only_forecasts:
            show_peeking(pool, arguments.streams, parameters)
        if arguments.streams:
            show_forecasts(pool, arguments.streams, parameters)
    print(f"\n{arguments.sessions} sessions a world, {time.monotonic() - began:.0f} s")


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


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40, help="a scenario")
    parser.add_argument("--first-world", type=int, default=0, help="its seed; others are other worlds")
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

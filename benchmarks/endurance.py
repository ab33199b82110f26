"""Does any part grow as sessions go by? Resident memory of every process of the embedded stack, over 10,000 short sessions.

    python benchmarks/endurance.py [--sessions 10000] [--portion 500] [--results DIR]

A portion at a time goes from the event log to its published results; then each part's largest process is looked at. What counts is the
last quarter beside the second: caches are full by then. The broker holds the embedded event log too, which is trimmed as it is read;
of the results it keeps 500 a partition here, to come to that before the second quarter. Celery leaves a marker of each finished chord on it
for five minutes: a run that is over sooner sees the broker grow by a quarter of a kilobyte a session.
"""

# ruff: noqa: E402 - the sessions lie with the tests, which are not installed

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]

from acceptance.small_sessions import LEARNINGS, sessions, write_learnings
from measuring import RESULTS, Spread, fresh_settings, machine, save, tell, tell_ratio
from pipeline import another_time, pipeline

#: resident at the end, beside the middle
TARGET = 1.1


def measure(count: int, portion: int) -> dict[str, Any]:
    events = sessions(portion)
    with fresh_settings(GROOVE_STREAMS__KEEP_RESULTS="500") as settings:
        learnings = write_learnings(settings.data_dir / "learnings.jsonl")
        with pipeline(settings, learnings) as whole:
            rates, memory = [], [whole.usage.resident_mb()]
            for number in range(count // portion):
                rates.append(portion / whole.run(another_time(events, f"portion-{number}")))
                memory.append(whole.usage.resident_mb())
    return {"portion": portion, "learnings": len(LEARNINGS), "sessions_per_second": rates, "resident_mb": memory}


def growth(report: dict[str, Any]) -> dict[str, float]:
    """Part -> the median of the last quarter, by that of the second."""
    memory, quarter = report["resident_mb"][1:], max(1, (len(report["resident_mb"]) - 1) // 4)
    return {
        part: Spread.of([each[part] for each in memory[-quarter:]]).median
        / Spread.of([each[part] for each in memory[quarter : 2 * quarter]]).median
        for part in memory[0]
    }


def print_report(report: dict[str, Any]) -> None:
    print(f"{len(report['sessions_per_second']) * report['portion']} sessions of {report['learnings']} learnings")
    tell("rate", Spread.of(report["sessions_per_second"]), "sessions/s")
    for part, ratio in growth(report).items():
        tell_ratio(f"{part}, last quarter / second", Spread(median=ratio, low=ratio, high=ratio), TARGET, at_most=True)
        tell("", Spread.of([each[part] for each in report["resident_mb"]]), "MB", "from the start to the end")


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    done = [number * report["portion"] for number in range(len(report["resident_mb"]))]
    for part in report["resident_mb"][0]:
        axes.plot(done, [each[part] for each in report["resident_mb"]], label=part)
    axes.set(xlabel="sessions", ylabel="resident MB", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--portion", type=int, default=500)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    report = {"machine": machine(), **measure(arguments.sessions, arguments.portion)}
    print_report(report)
    plot(report, save("endurance", report, arguments.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

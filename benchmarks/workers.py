"""Does a second worker double what one does? Whole sessions a second, one worker process of one thread beside two.

    python benchmarks/workers.py [--precision float32] [--sessions 21] [--repeats 4] [--results DIR]

Two whole embedded stacks stand side by side and take turns on the same example sessions, the longest first, so that none is left alone at
the end; whoever has no turn idles. In float32, as on processors that are not faster in bfloat16, their cost is the embedding. Two cores are
needed, and nobody else on them.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from measuring import RESULTS, ROOT, Spread, fresh_settings, machine, save, tell, tell_ratio
from pipeline import Pipeline, another_time, chunks_of, pipeline, read_events

TARGET = 1.7


def measure(one: Pipeline, two: Pipeline, events: list[dict[str, Any]], repeats: int) -> list[dict[str, float]]:
    """-> seconds of each, a round at a time."""
    for stack in (one, two):
        stack.warm_up(events)
    rounds = []
    for number in range(repeats):
        messages = another_time(events, f"round{number}")
        rounds.append({"one": one.run(messages), "two": two.run(messages)})
    return rounds


def print_report(report: dict[str, Any]) -> None:
    about, count, rounds = report["machine"], report["sessions"], report["rounds"]
    print(
        f"{count} sessions in {report['precision']}; {about['processor']}, {about['cores']} cores, load before {about['load_before']:.1f}"
    )
    for name in ("one", "two"):
        tell(f"{name} of one thread", Spread.of([count / entry[name] for entry in rounds]), "sessions/s")
    tell_ratio("two / one", Spread.of([entry["one"] / entry["two"] for entry in rounds]), TARGET)


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    numbers = range(1, len(report["rounds"]) + 1)
    for name, mark in (("one", "o-"), ("two", "s-")):
        axes.plot(numbers, [report["sessions"] / entry[name] for entry in report["rounds"]], mark, label=name)
    axes.set(xlabel="round", ylabel="sessions a second", ylim=(0, None), xticks=list(numbers))
    axes.legend(title="workers")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=["float32", "bfloat16", "auto"], default="float32")
    parser.add_argument("--sessions", type=int, default=21)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    about = machine()
    events = read_events(ROOT / "examples" / "events.jsonl", arguments.sessions)
    events.sort(key=lambda event: -len(chunks_of([event])))
    learnings = ROOT / "examples" / "learnings.jsonl"
    thread = {"GROOVE_EMBEDDER__THREADS": "1", "GROOVE_EMBEDDER__PRECISION": arguments.precision}
    with (
        fresh_settings(GROOVE_LOCAL__WORKERS="1", **thread) as of_one,
        pipeline(of_one, learnings) as one,
        fresh_settings(GROOVE_LOCAL__WORKERS="2", **thread) as of_two,
        pipeline(of_two, learnings) as two,
    ):
        rounds = measure(one, two, events, arguments.repeats)
    report = {"machine": about, "precision": arguments.precision, "sessions": len(events), "rounds": rounds}
    print_report(report)
    plot(report, save("workers", report, arguments.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

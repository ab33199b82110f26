"""Does the store stay as fast as its history grows? One session's attribution and finish with 100 and with 100,000 earlier records.

Two real store servers, one with a short history and one with a long one, take turns within one run, so that whatever else the machine
does falls on both. Prints medians with spread and each ratio or figure beside its target; writes JSON and a plot.

    python benchmarks/growth.py [--records 100000] [--learnings 10000] [--rounds 60] [--quick]
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from worker.domain import (
    AttributionRecord,
    EmbeddingSimilarity,
    Learning,
    LearningCategory,
    SessionVersion,
    Signal,
    SignalKind,
)
from worker.store.api import StoreApi
from worker.store.client import HttpStore

RESULTS = Path(__file__).parent / "results"
LEARNINGS_A_SESSION = 13
SERVER = """
import sys, pathlib
from worker.store.cozo.store import CozoStore
from worker.store.server.app import serve
from worker.store.server.tokens import Tokens
serve(CozoStore(pathlib.Path(sys.argv[1])), address=sys.argv[2], tokens=Tokens(), ready=lambda a: print(a, flush=True))
"""


@dataclass(frozen=True)
class Store:
    """One server, as workers and as commands ask it."""

    sessions: HttpStore
    api: StoreApi


@contextmanager
def server(folder: Path, name: str) -> Iterator[tuple["Store", psutil.Process]]:
    address = f"http+unix://{quote(str(folder / f'{name}.sock'), safe='')}"
    command = [sys.executable, "-c", SERVER, str(folder / name), address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout or []:
            if line.startswith("http"):
                break
        store = Store(HttpStore(address, timeout_s=120), StoreApi(address))
        yield store, psutil.Process(process.pid)
        store.sessions.close()
        store.api.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


def learnings(count: int) -> list[Learning]:
    return [
        Learning(
            learning_id=f"learning-{number:05}",
            category=LearningCategory.CORRECTION,
            description=f"number {number}",
            insight=f"Do thing {number} before you do another, and say so in the message of the commit.",
        )
        for number in range(count)
    ]


def session_records(ids: list[str], session_id: str, timestamp: int, chance: random.Random) -> list[AttributionRecord]:
    """Of the size that real sessions have: a dozen signals, a few near misses."""
    signals = tuple(
        Signal(message_idx=i * 3, kind=SignalKind.RETRY, is_positive=i % 2 == 0, confidence=0.7) for i in range(12)
    )
    similar = tuple(
        EmbeddingSimilarity(score=0.5, message_idx=i, span="some words of the transcript " * 3) for i in range(5)
    )
    outcome = chance.choice([-1.0, -0.5, 0.5, 1.0])
    return [
        AttributionRecord(
            learning_id=learning_id,
            session_id=session_id,
            timestamp=timestamp,
            was_activated=chance.random() < 0.4,
            activation_confidence=0.8,
            activation_signals=similar[:2],
            temporal_positive=1.0,
            temporal_negative=0.5,
            net_temporal=0.5,
            was_withheld=chance.random() < 0.1,
            session_outcome=outcome,
            attributed_value=0.8 * chance.uniform(-0.5, 0.5),
            withhold_probability=0.1,
            signals=signals,
            activation_candidates=similar,
        )
        for learning_id in ids
    ]


def fill(store: Store, ids: list[str], records: int, prefix: str) -> float:
    """A history of so many records -> records a second."""
    chance, begun = random.Random(7), time.perf_counter()
    for first in range(0, records, len(ids)):
        session_id = f"{prefix}-{first}"
        version = SessionVersion(timestamp=1_000_000 + first, event_id="event")
        store.sessions.finish_session(
            session_id, version, records=session_records(ids, session_id, version.timestamp, chance)
        )
    return records / (time.perf_counter() - begun)


def one_session(store: Store, ids: list[str], number: int, chance: random.Random) -> dict[str, float]:
    """Seconds for each of the store's parts in one session's work."""
    session_id, version = f"new-{number}", SessionVersion(timestamp=10**9 + number, event_id="event")
    clock = time.perf_counter
    begun = clock()
    store.sessions.open_session(session_id, version, ids)
    opened = clock()
    store.sessions.finish_session(
        session_id, version, records=session_records(ids, session_id, version.timestamp, chance)
    )
    finished = clock()
    return {"open": opened - begun, "finish": finished - opened, "session": finished - begun}


def median_of(ask: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def quartiles(values: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--learnings", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    folder = Path(tempfile.mkdtemp(prefix="growth"))
    try:
        with server(folder, "short") as (short, _), server(folder, "long") as (long, process):
            result = measure(short, long, process, options, scale)
    finally:
        shutil.rmtree(folder)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    plot(result)
    return 0


def measure(
    short: Store, long: Store, process: psutil.Process, options: argparse.Namespace, scale: int
) -> dict[str, object]:
    ids = [learning.learning_id for learning in learnings(LEARNINGS_A_SESSION)]
    for store in (short, long):
        store.api.import_learnings(learnings(options.learnings // scale), actor="benchmark")
    fill(short, ids, 100, "old")
    writes = fill(long, ids, options.records // scale, "old")
    after_filling = process.memory_info().rss / 2**20
    times: dict[str, dict[str, list[float]]] = {"short": {}, "long": {}}
    chance = random.Random(3)
    for number in range(options.rounds):
        for name, store in (("short", short), ("long", long)) if number % 2 else (("long", long), ("short", short)):
            for part, seconds in one_session(store, ids, number, chance).items():
                times[name].setdefault(part, []).append(seconds)
    medians = {name: {part: quartiles(values) for part, values in parts.items()} for name, parts in times.items()}
    ratio = medians["long"]["session"][1] / medians["short"]["session"][1]
    everything = [learning.learning_id for learning in learnings(options.learnings // scale)]
    numbered = iter(range(10_000))
    figures = {
        "records a second, 13 a call": (writes, None),
        "values of all learnings, s": (median_of(lambda: dirty_list(long, ids, next(numbered)), 3), 1.0),
        "one learning's value, record list and health, s": (median_of(lambda: show(long, ids[0]), 5), 0.1),
        "assigning 50 learnings, ms": (
            1000 * median_of(lambda: long.api.assign(f"a-{next(numbered)}", everything[:50]), 50),
            5.0,
        ),
        "memory of the server, MB": (after_filling, 300.0),
        "memory at the end, MB": (process.memory_info().rss / 2**20, 300.0),
    }
    print(
        f"{'one session of 13 learnings, ms':34} {'100 records':>24} {f'{options.records // scale:,} records':>24} {'ratio':>7}"
    )
    for part in ("open", "finish", "session"):
        few, many = medians["short"][part], medians["long"][part]
        print(f"{part:34} {_ms(few):>24} {_ms(many):>24} {many[1] / few[1]:7.2f}")
    print(f"{'ratio of whole sessions':50} {ratio:10.2f}   target ≤ 1.20")
    for name, (value, target) in figures.items():
        print(f"{name:50} {value:10.2f}   {f'target ≤ {target:g}' if target else ''}")
    return {
        "times": times,
        "ratio": ratio,
        "figures": {name: value for name, (value, _) in figures.items()},
        "cores": os.cpu_count(),
    }


def dirty_list(store: Store, ids: list[str], number: int) -> None:
    """After a new record nothing that was computed before is of use."""
    session_id, version = f"dirty-{number}", SessionVersion(timestamp=5, event_id="event")
    records = session_records(ids[:1], session_id, 5, random.Random(number))
    store.sessions.finish_session(session_id, version, records=records)
    store.api.values()


def show(store: Store, learning_id: str) -> None:
    store.api.show(learning_id)


def _ms(quarters: tuple[float, float, float]) -> str:
    low, middle, high = (1000 * value for value in quarters)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def plot(result: dict[str, object]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    times = result["times"]
    assert isinstance(times, dict)
    figure, axes = plt.subplots(figsize=(7, 4))
    parts = ["open", "finish", "session"]
    labels, data = [], []
    for part in parts:
        for name in ("short", "long"):
            labels.append(f"{part}\n{name}")
            data.append([1000 * seconds for seconds in times[name][part]])
    axes.boxplot(data, tick_labels=labels, showfliers=False)
    axes.set_ylabel("ms a session of 13 learnings")
    axes.set_title(f"short and long history: ratio {result['ratio']:.2f}")
    figure.tight_layout()
    figure.savefig(RESULTS / "growth.png", dpi=120)


if __name__ == "__main__":
    sys.exit(main())

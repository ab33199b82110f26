"""How many events and entries a second the ledger takes, by one process and by several.

    python benchmarks/ledger.py [--ledger URL] [--events 6000] [--sessions 300] [--processes 1 2 4]

Without --ledger an SQLite file in a temporary folder. The ledger that is named should be empty, and is left as the benchmark filled it.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from worker.domain import SessionVersion
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import Gates, HeavyReceived, Ledger, OutboxMessage, Topic, open_ledger

BATCH = 200
EVENT_BYTES = 20_000
RECORD = b"x" * 1500
LEARNINGS = [f"learning-{number:02d}" for number in range(20)]
WORDS = [f"word{number}" for number in range(4000)]
TARGET_EVENTS = TARGET_ENTRIES = 1500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger")
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument(
        "--sessions", type=int, default=300, help="sessions of 20 learnings, for each number of processes"
    )
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="groove-ledger-") as folder:
        url = arguments.ledger or f"sqlite:///{Path(folder) / 'ledger.db'}"
        ledger = open_ledger(url)
        print(f"{ledger.url}")
        intake(ledger, arguments.events)
        for processes in arguments.processes:
            entries(ledger, url, arguments.sessions, processes)
        looks(ledger)
        ledger.dispose()


def intake(ledger: Ledger, count: int) -> None:
    """Batches of 200 events of 20 kB, each with its position: the bridge's transaction, and what reading the events costs before it."""
    [lease] = ledger.partitions.share_out("bench", [Topic(stream="s", topic="t", partitions=1)], lease_seconds=600)
    reading, storing, busy = [], [], 0.0
    for start in range(0, count, BATCH):
        payloads = [payload(number) for number in range(start, start + BATCH)]
        began = time.perf_counter()
        batch = [
            HeavyReceived(event=read_heavy_event(data, logged_at=1), payload=data, offset=start, logged_at=1)
            for data in payloads
        ]
        read, cpu = time.perf_counter(), time.process_time()
        ledger.intake.record(lease, heavy=batch, position=start + BATCH, last_id="x", gap=False, ablation_rate=0.1)
        reading.append(read - began)
        storing.append(time.perf_counter() - read)
        busy += time.process_time() - cpu
    rate = BATCH * len(storing) / sum(storing)
    show("intake, batches of 200", "events/s", rate, TARGET_EVENTS)
    print(
        f"    a batch: median {statistics.median(storing) * 1e3:.0f} ms, longest {max(storing) * 1e3:.0f} ms;"
        f" {busy / count * 1e3:.2f} ms of CPU an event"
    )
    show("  with reading the events", "events/s", BATCH * len(storing) / (sum(storing) + sum(reading)), TARGET_EVENTS)


#: for spawned processes to import the project
_STARTING_SECONDS = 60.0


def entries(ledger: Ledger, url: str, sessions: int, processes: int) -> None:
    """Whole sessions: expected, every entry begun and completed on its own, finished with a message."""
    names = [f"{processes} processes, session {number}" for number in range(sessions)]
    for start in range(0, sessions, BATCH):
        batch = [received(name) for name in names[start : start + BATCH]]
        ledger.intake.receive(heavy=batch, ablation_rate=0.1)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=spawn, initializer=warm_up, initargs=(url, spawn.Barrier(processes))
    ) as pool:
        list(pool.map(abs, range(processes)))
        began = time.perf_counter()
        slices = [names[number::processes] for number in range(processes)]
        parts = list(pool.map(work, [url] * processes, slices))
        took = time.perf_counter() - began
    times = [one for part, _ in parts for one in part]
    busy = sum(cpu for _, cpu in parts)
    show(f"{processes} processes", "entries/s", sessions * len(LEARNINGS) / took, TARGET_ENTRIES)
    times.sort()
    print(
        f"    complete_entries: median {times[len(times) // 2] * 1e3:.2f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms,"
        f" longest {times[-1] * 1e3:.0f} ms; {sessions / took:.0f} sessions/s,"
        f" {busy / len(times) * 1e3:.2f} ms of CPU an entry"
    )


def warm_up(url: str, everybody: Barrier) -> None:
    """No process begins before all of them have opened the ledger once."""
    open_ledger(url).ping()
    everybody.wait(_STARTING_SECONDS)


def work(url: str, names: list[str]) -> tuple[list[float], float]:
    """-> seconds of each `complete_entries`, and of CPU in all."""
    ledger = open_ledger(url)
    times, cpu = [], time.process_time()
    for name in names:
        version = SessionVersion(timestamp=1_768_939_200_000_000, event_id=f"event of {name}")
        ledger.work.load_work(name, version)
        ledger.work.expect(name, version, LEARNINGS, signals_seen=0)
        for learning in LEARNINGS:
            ledger.work.start_entries(name, version, [learning])
            began = time.perf_counter()
            ledger.work.complete_entries(name, version, {learning: RECORD})
            times.append(time.perf_counter() - began)
        message = OutboxMessage(
            message_id=uuid5(NAMESPACE_URL, name), stream="s", topic="t", key=name, payload=b"x" * 4000
        )
        ledger.work.load_ended(name, version)
        if not ledger.work.finish(name, version, message=message):
            raise RuntimeError(f"{name} was not finished")
    ledger.dispose()
    return times, time.process_time() - cpu


def looks(ledger: Ledger) -> None:
    """What the sweeper, the bridge and `groove status` ask again and again, beside what was stored above."""
    moment = ledger.now() + 1
    calls: dict[str, Callable[[], object]] = {
        "backlog": ledger.counts.backlog,
        "overdue (1,000)": lambda: ledger.sweep.overdue(Gates(prepare=moment, attribute=moment, finish=moment)),
        "overdue (none)": lambda: ledger.sweep.overdue(Gates(prepare=0, attribute=0, finish=0)),
        "counts": ledger.counts.count,
        "share_out": lambda: ledger.partitions.share_out(
            "bench", [Topic(stream="s", topic="t", partitions=1)], lease_seconds=600
        ),
    }
    for name, call in calls.items():
        times = list(timed(call, 7))
        print(f"{name:28} {statistics.median(times) * 1e3:9.1f} ms")


def timed(call: Callable[[], object], times: int) -> Iterator[float]:
    for _ in range(times):
        began = time.perf_counter()
        call()
        yield time.perf_counter() - began


def payload(number: int) -> bytes:
    text = " ".join(random.Random(number).choices(WORDS, k=EVENT_BYTES // 8))
    document = {
        "session_id": f"session {number}",
        "event_id": f"event {number}",
        "timestamp": "2026-01-20T20:00:00Z",
        "active_learnings": LEARNINGS,
        "outcome": "success",
        "transcript": {"messages": [{"role": "assistant", "content": text}]},
    }
    return json.dumps(document).encode()


def received(name: str) -> HeavyReceived:
    document = {"session_id": name, "event_id": f"event of {name}", "timestamp": "2026-01-20T20:00:00Z", "outcome": 1}
    data = json.dumps(document).encode()
    return HeavyReceived(event=read_heavy_event(data, logged_at=1), payload=data, offset=0, logged_at=1)


def show(name: str, unit: str, rate: float, target: float) -> None:
    print(f"{name:28} {rate:9,.0f} {unit:10} target {target:,.0f}: {'met' if rate >= target else 'MISSED'}")


if __name__ == "__main__":
    main()

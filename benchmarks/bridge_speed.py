"""Events per second from Iggy's log into the ledger and the queue, beside what the bare SDK polls from the same server in the same run.

`python benchmarks/bridge_speed.py [--events 6000] [--size 20000] [--ledger sqlite|postgresql]`; needs an iggy-server on the PATH or at
GROOVE_TEST_IGGY_SERVER. The bridge is a real process; the clock runs from its first to its last recorded batch.
"""
# ruff: noqa: E402 - the fixtures lie with the tests, which are not installed

import argparse
import json
import logging
import os
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil
import structlog

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from bridge_runs.bridges import Bridges
from bridge_runs.events import heavy_event, message_id, session_id
from bridge_runs.logs import HEAVY, TOPICS
from fixtures.broker import Broker
from fixtures.iggy import IggyServer, iggy_binary
from fixtures.postgresql import PostgreSQL
from sqlalchemy import create_engine, func, select

from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog
from worker.ledger import open_ledger, schema

PARTITIONS = 6
TARGET = 1500.0
RESULTS = Path(__file__).parent / "results" / "bridge.json"


def publish(log: EventLog, events: int, size: int) -> float:
    """-> messages per second, payloads made beforehand."""
    payloads = [heavy_event(number, size=size) for number in range(events)]
    begun = time.perf_counter()
    log.publish_many(HEAVY, [(session_id(each), message_id(each), each) for each in payloads])
    return events / (time.perf_counter() - begun)


def bare_polls(log: EventLog, batch: int) -> float:
    """-> messages per second, read from start to end and thrown away."""
    count, begun = 0, time.perf_counter()
    for partition in range(PARTITIONS):
        offset = 0
        while messages := log.read(HEAVY, partition, offset, batch):
            offset = messages[-1].offset + 1
            count += len(messages)
    return count / (time.perf_counter() - begun)


def bridged(log_url: str, ledger_url: str, broker_url: str, folder: Path, events: int, batch: int) -> dict[str, float]:
    """Runs one bridge until all is recorded -> events per second, what they cost in CPU, and resident MB."""
    open_ledger(ledger_url).dispose()
    engine = create_engine(ledger_url.replace("postgresql://", "postgresql+psycopg://"))
    settings = {
        "GROOVE_EVENT_LOG": log_url,
        "GROOVE_BROKER": broker_url,
        "GROOVE_LEDGER": ledger_url,
        "GROOVE_DATA_DIR": str(folder / "data"),
        "GROOVE_STREAMS__PARTITIONS": str(PARTITIONS),
        "GROOVE_BRIDGE__BATCH": str(batch),
        "GROOVE_BRIDGE__MAX_QUEUE_LENGTH": "1000000",
        "GROOVE_BRIDGE__MAX_BACKLOG": "1000000",
    }
    bridges = Bridges(folder=folder, settings=settings)
    process = psutil.Process(bridges.start().pid)
    peak, begun, spent_before = 0, 0.0, 0.0
    with engine.connect() as connection:
        count = 0
        while count < events:
            time.sleep(0.02)
            if process.status() == psutil.STATUS_ZOMBIE:
                raise SystemExit(bridges.output())
            connection.rollback()
            count = connection.scalar(select(func.count()).select_from(schema.Event)) or 0
            if count and not begun:
                begun, first, spent_before = time.perf_counter(), count, sum(process.cpu_times()[:2])
            peak = max(peak, process.memory_info().rss)
    seconds, spent = time.perf_counter() - begun, sum(process.cpu_times()[:2]) - spent_before
    bridges.kill_all()
    engine.dispose()
    return {
        "events_per_second": (events - first) / seconds,
        "events_per_cpu_second": (events - first) / spent,
        "cpu_share": spent / seconds,
        "peak_mb": peak / 1e6,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ledger", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    binary = iggy_binary()
    if not binary:
        print("no iggy-server: put one on the PATH, or name it in GROOVE_TEST_IGGY_SERVER")
        return 1
    folder, server, broker = Path(tempfile.mkdtemp(prefix="groove-bench-")), IggyServer(binary=binary), Broker()
    postgresql = PostgreSQL() if options.ledger == "postgresql" else None
    try:
        server.start()
        broker.start()
        if postgresql:
            postgresql.start()
        for name in TOPICS:
            server.create_topic(name, PARTITIONS)
        rows = measure(options, server.url, broker.url, folder, postgresql)
        report(options, rows)
    finally:
        server.close()
        broker.close()
        if postgresql:
            postgresql.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def measure(
    options: argparse.Namespace, log_url: str, broker_url: str, folder: Path, postgresql: PostgreSQL | None
) -> list[dict[str, float]]:
    with closing(open_event_log(log_url, deadline=60)) as log:
        print(f"published {publish(log, options.events, options.size):,.0f} messages/s (saved at once)")
        rows = []
        for number in range(options.rounds):
            polled = bare_polls(log, options.batch)
            url = postgresql.new_database() if postgresql else f"sqlite:///{folder}/ledger-{number}.sqlite"
            row = bridged(log_url, url, broker_url, folder, options.events, options.batch)
            rows.append(row | {"polled_per_second": polled, "ratio": row["events_per_second"] / polled})
            print(
                f"round {number + 1}: bare SDK {polled:,.0f} polled/s, bridge {row['events_per_second']:,.0f} events/s,"
                f" ratio {rows[-1]['ratio']:.3f}, {1000 / row['events_per_cpu_second']:.2f} CPU seconds of the bridge for 1,000 events"
                f" ({row['cpu_share']:.0%} of a core), peak {row['peak_mb']:.0f} MB"
            )
    return rows


def report(options: argparse.Namespace, rows: list[dict[str, float]]) -> None:
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    verdict = "met" if middle["events_per_second"] >= TARGET else "missed"
    print(
        f"median over {len(rows)} rounds, {options.size} bytes, {options.ledger}: {middle['events_per_second']:,.0f} events/s"
        f" (target {TARGET:,.0f} on sqlite: {verdict}), {middle['ratio']:.3f} of the bare SDK,"
        f" {1000 / middle['events_per_cpu_second']:.2f} CPU seconds for 1,000 events, peak {middle['peak_mb']:.0f} MB"
    )
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[options.ledger] = {"options": vars(options), "rounds": rows, "median": middle}
    RESULTS.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the event log's SDK may abort the process while the interpreter ends

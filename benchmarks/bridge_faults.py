"""Many fault runs of real bridge processes, one line a seed: `python benchmarks/bridge_faults.py --log standin --seeds 1-20`.

--log standin        the stand-in server of the tests: connections cut, replies lost, stalls, restarts, tail lost
--log iggy           a real iggy-server (on the PATH, or GROOVE_TEST_IGGY_SERVER), topics as the bridge makes them: kill -9 and restarts
--log iggy-unsaved   the same with the server's default topic options: a kill loses messages that had been acknowledged
--ledger sqlite      one replica; `postgresql` (default): three
"""

# ruff: noqa: E402 - the harness lies with the tests, which are not installed

import argparse
import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from bridge_runs.found import Found
from bridge_runs.logs import HurtableLog, RealLog, StandInLog
from bridge_runs.run import FaultRun
from fixtures.broker import Broker
from fixtures.iggy import IggyServer, iggy_binary
from fixtures.postgresql import PostgreSQL
from iggy_standin.threaded import ThreadedProxy, ThreadedStandIn


@contextlib.contextmanager
def hurtable(kind: str) -> Iterator[HurtableLog]:
    if kind == "standin":
        standin = ThreadedStandIn()
        standin.start()
        yield StandInLog(standin)
        standin.close()
        return
    server = IggyServer(binary=iggy_binary() or "iggy-server")
    server.start()
    proxy = ThreadedProxy(server.port)
    proxy.start()
    yield RealLog(server, proxy, is_safe=kind == "iggy")
    proxy.close()
    server.close()


def one(seed: int, kind: str, ledger_url: str, replicas: int, options: argparse.Namespace) -> Found:
    folder, broker = Path(tempfile.mkdtemp(prefix="groove-run-")), Broker()
    broker.start()
    try:
        with hurtable(kind) as log:
            url = ledger_url or f"sqlite:///{folder}/ledger.sqlite"
            found = FaultRun(
                seed=seed,
                log=log,
                broker_url=broker.url,
                ledger_url=url,
                folder=folder,
                replicas=replicas,
                events=options.events,
                seconds=options.seconds,
            ).run()
        if found.is_well:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"  kept: {folder}", flush=True)
        return found
    finally:
        broker.close()


def seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", choices=["standin", "iggy", "iggy-unsaved"], default="standin")
    parser.add_argument("--ledger", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--seeds", type=seeds, default=seeds("1-5"))
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    postgresql = PostgreSQL() if options.ledger == "postgresql" else None
    if postgresql:
        postgresql.start()
    bad = 0
    for seed in options.seeds:
        url = postgresql.new_database() if postgresql else ""
        found = one(seed, options.log, url, 3 if postgresql else 1, options)
        bad += not found.is_well
        print(f"{'ok ' if found.is_well else 'BAD'} {options.log} {options.ledger} {found}", flush=True)
    if postgresql:
        postgresql.close()
    return 1 if bad else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the event log's SDK may abort the process while the interpreter ends

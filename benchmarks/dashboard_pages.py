"""How long does a page of the dashboard take on the server, over 10,000 learnings and 100,000 records, and how much memory does it hold?

A real `groove web` with a real store server; each page is asked a few times, after a new record, so that nothing computed before is of
use. Time is that of the whole answer; processor time is the dashboard's and the store's together, which says more on a busy machine.

    python benchmarks/dashboard_pages.py [--learnings 10000] [--records 100000] [--rounds 5]
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from growth import session_records
from measuring import RESULTS, machine
from waiting import fill

from worker.domain import SessionVersion
from worker.settings import load_settings
from worker.store.addresses import StoreAddress
from worker.store.api import StoreApi
from worker.store.client import HttpStore

PAGES = (
    "/learnings",
    "/learnings?q=thing&sort=low",
    "/learnings?sort=needed&offset=5000",
    "/learnings/learning-00000",
    "/sessions",
    "/experiment",
    "/prune",
    "/operations",
    "/operations/failed",
    "/operations/dead-letters",
    "/what-if",
    "/settings",
)
#: seconds on the server, and bytes
TARGET_S, TARGET_BYTES = 0.3, 150_000_000


@dataclass(frozen=True)
class Asked:
    client: httpx.Client
    sessions: HttpStore
    web: psutil.Process
    store: psutil.Process

    def processor_time(self) -> float:
        times = [process.cpu_times() for process in (self.web, self.store)]
        return float(sum(one.user + one.system for one in times))


@contextmanager
def serving(folder: Path) -> Iterator[Asked]:
    settings = load_settings({"GROOVE_DATA_DIR": str(folder)})
    environ = {**os.environ, "GROOVE_DATA_DIR": str(folder), "GROOVE_LOG__LEVEL": "warning"}
    command = [sys.executable, "-m", "worker.cli"]
    with subprocess.Popen([*command, "store"], env=environ) as store:
        while not StoreAddress.parse(settings.store_url).accepts():
            assert store.poll() is None
            time.sleep(0.1)
        api = StoreApi(settings.store_url, token=settings.write_token() or "")
        api.revision()
        web = subprocess.Popen([*command, "web", "--port", "0"], env=environ, stdout=subprocess.PIPE, text=True)
        assert web.stdout is not None
        link = web.stdout.readline().strip()
        try:
            with httpx.Client(base_url=link.partition("/login")[0], timeout=60) as client:
                assert client.get(link).status_code == 303
                sessions = HttpStore(settings.store_url, token=settings.write_token() or "", timeout_s=60)
                yield Asked(client, sessions, psutil.Process(web.pid), psutil.Process(store.pid))
                sessions.close()
        finally:
            api.close()
            for process in (web, store):
                process.terminate()
                process.wait(30)


def one_more(sessions: HttpStore, name: str) -> None:
    """After it no value rests on what it rested on."""
    records = session_records(["learning-00000"], name, 5, random.Random(name))
    sessions.finish_session(name, SessionVersion(timestamp=5, event_id="event"), records=records)


def measure(asked: Asked, rounds: int) -> dict[str, list[tuple[float, float]]]:
    times: dict[str, list[tuple[float, float]]] = {page: [] for page in PAGES}
    for number in range(rounds):
        for page in PAGES:
            one_more(asked.sessions, f"{number}-{page}")
            begun, used = time.perf_counter(), asked.processor_time()
            answer = asked.client.get(page)
            assert answer.status_code == 200, answer.text
            times[page].append((time.perf_counter() - begun, asked.processor_time() - used))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learnings", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "store").mkdir()
        fill(folder / "store", count=options.learnings, records=options.records, is_randomised=True)
        with serving(folder) as asked:
            times = measure(asked, options.rounds)
            memory = asked.web.memory_info().rss
    print(f"{'page':40} {'seconds':>8} {'processor':>10}")
    rows = {page: [statistics.median(column) for column in zip(*found, strict=True)] for page, found in times.items()}
    for page, (seconds, processor) in rows.items():
        print(f"{page:40} {seconds:8.3f} {processor:10.3f}")
    print(f"memory of the dashboard: {memory / 1e6:.0f} MB")
    answer = {"machine": machine(), "options": vars(options), "seconds": rows, "rss_bytes": memory}
    (RESULTS / "dashboard_pages.json").write_text(json.dumps(answer, indent=1) + "\n")
    is_met = memory <= TARGET_BYTES and all(processor <= TARGET_S for _, processor in rows.values())
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())

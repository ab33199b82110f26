"""How long does a person wait? What commands and pages ask of a store with 10,000 learnings and 100,000 records.

A real store server over its socket; every question is asked a few times, after a new record, so that nothing computed before is of use.
`--beside TREE` asks another checkout's server on a copy of the same folder, in turns: before and after in one run. Beside the time that
passes stands the server's processor time, which says more on a busy machine; the targets are for passing time on an idle one.

    python benchmarks/waiting.py [--learnings 10000] [--records 100000] [--rounds 5] [--unrandomised] [--beside TREE] [--quick]
"""

import argparse
import contextlib
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
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psutil
from growth import SERVER, learnings, session_records
from measuring import RESULTS, ROOT, machine

from worker.domain import SessionVersion
from worker.operations.findings import NAMED
from worker.store.api import StoreApi
from worker.store.client import HttpStore
from worker.store.cozo.store import CozoStore

#: learnings that are in force together, as the rules of one project are
PROJECT = 100
#: sessions of a project that is worked on, and of one that is not: companions are looked for from 20 on
OFTEN, SELDOM = 28, 4
#: seconds; of the doctor's questions together, and of any other
_DOCTOR, _ANY = 2.0, 0.3
#: seconds; of the proof of every sum, which no daily command asks for
_REBUILD = 10.0
#: seconds; of the table that an import ends with, after minutes of work
_REPORT = 10.0
#: seconds that the doctor gives the proof
_PROVING = 0.5


@dataclass(frozen=True)
class Asked:
    """One server, as workers and as commands ask it."""

    name: str
    sessions: HttpStore
    api: StoreApi
    process: psutil.Process
    #: the text of its routes that tell values: another checkout may lack some of them
    routes: str

    def processor_time(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)


def fill(folder: Path, *, count: int, records: int, is_randomised: bool) -> None:
    """In this process: one transaction a session, as workers do it."""
    store, chance = CozoStore(folder), random.Random(7)
    store.import_learnings(learnings(count), actor="benchmark", now=1)
    ids = [learning.learning_id for learning in learnings(count)]
    projects = [ids[first : first + PROJECT] for first in range(0, count, PROJECT)]
    number = 0
    for place, project in enumerate(projects):
        for _ in range(OFTEN if place % 4 == 0 else SELDOM):
            number += 1
            if number * PROJECT > records:
                break
            version = SessionVersion(timestamp=1_000_000 + number, event_id="event")
            made = session_records(project, f"s{number}", version.timestamp, chance)
            if not is_randomised:
                made = [replace(record, was_withheld=False, withhold_probability=0.0) for record in made]
            store.finish_session(f"s{number}", version, records=made)
    store.close()


@contextmanager
def serving(folder: Path, tree: Path, name: str) -> Iterator[Asked]:
    address = f"http+unix://{quote(str(folder.parent / f'{name}.sock'), safe='')}"
    command = [sys.executable, "-c", SERVER, str(folder), address]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tree)
    try:
        for line in process.stdout or []:
            if line.startswith("http"):
                break
        asked = Asked(
            name,
            HttpStore(address, timeout_s=600),
            StoreApi(address),
            psutil.Process(process.pid),
            (tree / "worker/store/server/routes/values.py").read_text(),
        )
        yield asked
        asked.sessions.close()
        asked.api.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


def proof(asked: Asked) -> None:
    """As much as the doctor has proved; a tree from before that was possible proves everything."""
    if "/attr/proof" in asked.routes:
        asked.api.proof(seconds=_PROVING)
    else:
        asked.api.rebuild(repair=False)


def plain(asked: Asked) -> None:
    if "/learnings/plain" in asked.routes:
        asked.api.plain_learnings()
    else:
        asked.api.learnings()


def doctor(asked: Asked) -> None:
    """What `groove doctor` asks the store."""
    asked.api.status()
    proof(asked)
    asked.api.overview(limit=NAMED)
    asked.api.learning_ids()
    asked.api.outlook()
    asked.api.status()


QUESTIONS: dict[str, tuple[Callable[[Asked], object], float]] = {
    "groove doctor": (doctor, _DOCTOR),
    "  proof of the sums": (proof, _DOCTOR),
    "groove rebuild (dry run)": (lambda asked: asked.api.rebuild(repair=False), _REBUILD),
    "  health of the experiments": (lambda asked: asked.api.health(), _DOCTOR),
    "groove status": (lambda asked: asked.api.status(), _ANY),
    "groove values (all)": (lambda asked: asked.api.learnings(), _ANY),
    "groove values --limit 15": (lambda asked: asked.api.learnings(limit=15), _ANY),
    "every learning without its value": (plain, _ANY),
    "ids of all learnings": (lambda asked: asked.api.learning_ids(), _ANY),
    "what followed every use (groove import)": (lambda asked: asked.api.observed(), _REPORT),
    "groove show": (lambda asked: asked.api.show("learning-00000"), _ANY),
    "page of learnings": (lambda asked: asked.api.learnings(limit=50), _ANY),
    "  by text and lower bound": (lambda asked: asked.api.learnings(text="thing 7", sort="low", limit=50), _ANY),
    "one learning over time": (lambda asked: asked.api.over_time("learning-00000"), _ANY),
    "  its arms": (lambda asked: asked.api.arms("learning-00000"), _ANY),
    "  a page of its records": (lambda asked: asked.api.lean_records("learning-00000", sort="moved", limit=50), _ANY),
    "sums of 50 sessions": (lambda asked: asked.api.summaries([f"s{n}" for n in range(1, 51)]), _ANY),
    "all experiments at a glance": (lambda asked: asked.api.overview(), _ANY),
    "revision": (lambda asked: asked.api.revision(), _ANY),
}


def one_more(asked: Asked, number: int) -> None:
    """After it no value rests on what it rested on."""
    records = session_records(["learning-00000"], f"more-{number}", 5, random.Random(number))
    asked.sessions.finish_session(f"more-{number}", SessionVersion(timestamp=5, event_id="event"), records=records)


#: server -> question -> (seconds that passed, seconds of the server's processor) each time
Times = dict[str, dict[str, list[tuple[float, float]]]]


def measure(servers: list[Asked], rounds: int) -> Times:
    times: Times = {asked.name: {} for asked in servers}
    number = 0
    for turn in range(rounds):
        for question, (ask, _) in QUESTIONS.items():
            for asked in servers if turn % 2 else reversed(servers):
                number += 1
                one_more(asked, number)
                begun, used = time.perf_counter(), asked.processor_time()
                ask(asked)
                took = time.perf_counter() - begun, asked.processor_time() - used
                times[asked.name].setdefault(question, []).append(took)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learnings", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--unrandomised", action="store_true", help="sessions that took no part in an experiment")
    parser.add_argument("--beside", type=Path, help="another checkout, asked in turns")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    root = Path(tempfile.mkdtemp(prefix="waiting"))
    trees = {"now": ROOT} | ({"beside": options.beside.resolve()} if options.beside else {})
    try:
        begun = time.perf_counter()
        first, *others = [root / name for name in trees]
        fill(
            first,
            count=options.learnings // scale,
            records=options.records // scale,
            is_randomised=not options.unrandomised,
        )
        for other in others:
            shutil.copytree(first, other)
        print(f"filled in {time.perf_counter() - begun:.0f} s")
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(serving(root / name, tree, name)) for name, tree in trees.items()]
            times = measure(servers, options.rounds)
    finally:
        shutil.rmtree(root)
    tell(times)
    kind = "unrandomised" if options.unrandomised else "randomised"
    (RESULTS / f"waiting-{kind}.json").write_text(json.dumps({"machine": machine(), "seconds": times}, indent=1) + "\n")
    return 0


def tell(times: Times) -> None:
    heads = [f"{name}: {what}" for name in times for what in ("passed", "processor")]
    print(f"{'seconds, median':40}" + "".join(f"{head:>20}" for head in heads) + f"{'target':>10}")
    for question, (_, target) in QUESTIONS.items():
        medians = [
            statistics.median(column) for seconds in times.values() for column in zip(*seconds[question], strict=True)
        ]
        print(f"{question:40}" + "".join(f"{median:20.3f}" for median in medians) + f"{f'≤ {target:g}':>10}")


if __name__ == "__main__":
    sys.exit(main())

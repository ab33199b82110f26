"""How fast does the hook start, and does any fault make it harmful? Its real process, through the shell command that is installed.

    python benchmarks/hook.py [--starts 200] [--only FAULT]

Prints the start of a bare interpreter and of the hook, in turn on the same machine, and their ratio; then per fault: starts, those that
ended with status 0, those with an empty standard error, contexts with all learnings, with a drawn set, with none, and partial ones.
"""

# ruff: noqa: E402 - the stand-in lies with the tests, which are not installed

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from assistant_standin.faults import FAULTS, Fault, start
from assistant_standin.hook_files import HookedProject, hooked_project

from worker.formats.hook_trace import traces_in

LEARNINGS = [
    (f"rule-{number:02}", f"- In this repository fact number {number} holds, and it is worth a line", 0.2)
    for number in range(40)
]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--starts", type=int, default=200)
    options.add_argument("--only", default="", help="faults whose name begins so")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="groove-hook-") as folder:
        project = hooked_project(Path(folder))
        project.install()
        project.snapshot(LEARNINGS)
        project.write_managed(LEARNINGS)
        speed(project, given.starts)
        for fault in (fault for fault in FAULTS if fault.name.startswith(given.only)):
            print(harm(project, fault, given.starts), flush=True)


def speed(project: HookedProject, starts: int) -> None:
    """Bare interpreter and hook take turns, so that both see the same load; the interpreter is the one that the hook finds."""
    bare: list[float] = []
    hook: list[float] = []
    for number in range(starts):
        began = time.monotonic()
        subprocess.run(["python3", "-c", "pass"], check=True, env={"PATH": os.environ.get("PATH", "")})
        bare.append(time.monotonic() - began)
        hook.append(start(project, FAULTS[0], -1 - number).seconds)
    middle, ours = statistics.median(bare) * 1000, statistics.median(hook) * 1000
    print(
        f"bare interpreter {middle:.1f} ms, hook with its shell {ours:.1f} ms, medians of {starts}: {ours / middle:.2f} times",
        flush=True,
    )


def harm(project: HookedProject, fault: Fault, starts: int) -> str:
    ends: Counter[str] = Counter()
    with fault.hurt(project):
        for number in range(starts):
            done = start(project, fault, number)
            ends["status 0"] += done.status == 0
            ends["silent"] += not done.stderr
            ends[_what(done.context)] += 1
    told = ", ".join(f"{ends[name]} {name}" for name in ("status 0", "silent", "all", "drawn", "none", "partial"))
    return f"{fault.name:30} {starts} starts: {told}"


def _what(context: str) -> str:
    """What of the learnings stands there."""
    shown = [id_ for id_, text, _ in LEARNINGS if f"{text}\n" in context]
    traces = traces_in([context])
    if traces:
        is_whole = len(shown) + len(traces[0].withheld) == len(LEARNINGS) and tuple(shown) == traces[0].injected
        return "drawn" if is_whole else "partial"
    return {0: "none", len(LEARNINGS): "all"}.get(len(shown), "partial")


if __name__ == "__main__":
    main()

"""Does the experiment run by itself inside an assistant, and find what is true? A stand-in for the assistant, with `groove up` beside it.

    python benchmarks/hooked_sessions.py [--sessions 300] [--away]

The stand-in reads its settings, calls the installed hook for every start, compaction, fork, resumption and subagent, and writes session
files. `--away`: the stack is gone for the middle half of the sessions. Prints rates of assignment with a chi-square test, draws that are
not the store's, contexts with a text twice, sessions whose transcript differs from the records, and each learning's verdict; and a digest
of all records, which is the same with and without the store.
"""

# ruff: noqa: E402 - the stand-in lies with the tests, which are not installed

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from acceptance.groove_command import Groove
from assistant_standin.hooked_run import HookedRun


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sessions", type=int, default=300)
    options.add_argument("--away", action="store_true")
    given = options.parse_args()
    os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # where the model was converted already
    with tempfile.TemporaryDirectory(prefix="groove-hooked-") as folder:
        groove = Groove(folder=Path(folder))
        began = time.monotonic()
        try:
            run = HookedRun.begin(groove, rate=0.5)
            run.work(given.sessions, is_away=given.away)
            print(f"{given.sessions} sessions and their forks in {time.monotonic() - began:.0f} s", flush=True)
            found = run.end()
        finally:
            groove.end()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

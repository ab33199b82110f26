"""Does the experiment run by itself inside an assistant, and find what is true? A stand-in for the assistant, with `groove up` beside it.

    python benchmarks/hooked_sessions.py [--sessions 300] [--away]

The stand-in reads its settings, calls the installed hook for every start, compaction, fork, resumption and subagent, and writes session
files. `--away`: once more, with the stack gone for the middle half of the sessions; the records must be the same. Prints rates of
assignment with a chi-square test, draws that are not the store's, contexts with a text twice, sessions whose transcript differs from the
records, and each learning's verdict.
"""

# ruff: noqa: E402 - the stand-in lies with the tests, which are not installed

import argparse
import json
import os
import shutil
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
        # ids of learnings hang on the project's folder: both runs have the same
        runs = [
            run(Path(folder, "project"), given.sessions, is_away=away)
            for away in ([False, True] if given.away else [False])
        ]
    if given.away:
        print("records with and without the stack:", "equal" if runs[0] == runs[1] else "DIFFERENT")


def run(folder: Path, sessions: int, *, is_away: bool) -> str:
    """-> the digest of all records."""
    folder.mkdir()
    groove, began = Groove(folder=folder), time.monotonic()
    try:
        hooked = HookedRun.begin(groove, rate=0.5)
        hooked.work(sessions, is_away=is_away)
        print(f"{sessions} sessions and their forks in {time.monotonic() - began:.0f} s", flush=True)
        found = hooked.end()
    finally:
        groove.end()
        shutil.rmtree(folder)
    print(json.dumps(found, indent=1), flush=True)
    return str(found["records"])


if __name__ == "__main__":
    main()

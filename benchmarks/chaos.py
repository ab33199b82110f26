"""The whole embedded stack under every fault, one row a fault and seed: `python benchmarks/chaos.py --sessions 200 --seeds 1-3`."""

# ruff: noqa: E402 - the harness lies with the tests, which are not installed

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1])]

from chaos.faults import FAULTS
from chaos.run import HEADER, chaos_run, undisturbed_values


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seeds", default="1-3", help="first-last")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only these")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    folder = Path(tempfile.mkdtemp(prefix="groove-chaos-"))
    bad = 0
    expected = undisturbed_values(folder / "undisturbed", arguments.sessions)
    print(HEADER, flush=True)
    for fault in arguments.fault or FAULTS:
        for seed in range(int(first), int(last or first) + 1):
            place = folder / f"{fault.replace(' ', '-')}-{seed}"
            try:
                row = chaos_run(place, fault, seed, arguments.sessions, expected)
            except AssertionError as error:
                print(f"| {fault} | {seed} | {error} (kept in {place}) |", flush=True)
                bad += 1
                continue
            print(row, flush=True)
            bad += not row.is_well
            if row.is_well:
                shutil.rmtree(place)
    if not bad:
        shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

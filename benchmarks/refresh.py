"""What a refresh from scratch costs over very many sessions.

    python benchmarks/refresh.py [--sessions 100000] [--learnings 1000]

The sessions are written into the store's relation of sessions as their finishes would leave it; then the store reads them, fits its models,
makes every experiment's sums and all values anew, and commits. Times are of this process's processor, memory is its peak.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from worker.domain import Learning, LearningCategory, SessionBackground
from worker.layers.statistics.sums import LearningSums
from worker.store.cozo.database import CozoDatabase, Row
from worker.store.cozo.designs import Brief, SessionDesign
from worker.store.cozo.store import CozoStore
from worker.store.cozo.totals import Totals, totals_row

#: records a session
_EACH = 13
_PORTION = 2000


def main() -> None:
    asked = parse()
    with tempfile.TemporaryDirectory(prefix="groove-refresh-") as folder:
        print(json.dumps(refreshed(Path(folder), asked.sessions, asked.learnings), indent=1))


def refreshed(folder: Path, sessions: int, learnings: int) -> dict[str, float]:
    random = np.random.default_rng(1)
    store = CozoStore(folder)
    names = [f"learning-{number:04d}" for number in range(learnings)]
    store.import_learnings([_learning(name) for name in names], actor="benchmark", now=1)
    store.close()
    database = CozoDatabase(folder)
    for start in range(0, sessions, _PORTION):
        designs = [_design(random, names, at) for at in range(start, min(start + _PORTION, sessions))]
        database.commit({"put_design": [design.row() for design in designs]})
    rows: list[Row] = [totals_row((name, 1), Totals(sums=LearningSums(n_records=1))) for name in names]
    database.commit({"put_sums": rows})
    database.close()
    store = CozoStore(folder)
    before_mb, began, began_wall = _peak_mb(), time.process_time(), time.monotonic()
    store.refresh_values()
    used, wall = time.process_time() - began, time.monotonic() - began_wall
    explained = store.get_outlook().explained
    store.close()
    return {
        "sessions": sessions,
        "learnings": learnings,
        "records": sessions * _EACH,
        "refresh_processor_s": round(used, 2),
        "refresh_wall_s": round(wall, 2),
        "peak_mb": round(_peak_mb()),
        "peak_before_mb": round(before_mb),
        "explained": round(explained or 0.0, 4),
    }


def _design(random: np.random.Generator, names: list[str], at: int) -> SessionDesign:
    project, user = int(random.integers(0, 40)), int(random.integers(0, 60))
    outcome = float(random.choice([-1.0, -0.5, 0.5, 1.0])) if random.random() < 0.5 else (1.0 if project % 2 else -0.5)
    chosen = random.choice(len(names), size=_EACH, replace=False)
    withheld, p = random.random(_EACH) < 0.25, random.choice([0.1, 0.25, 0.5], size=_EACH)
    records = tuple(
        Brief(names[int(which)], 1, bool(out), float(chance), outcome, 1_000_000 * at)
        for which, out, chance in zip(chosen, withheld, p, strict=True)
    )
    background = SessionBackground(levels=(f"project={project}", f"user={user}"), outcome=outcome)
    return SessionDesign(f"session-{at:06d}", background, records, frozenset())


def _learning(name: str) -> Learning:
    return Learning(learning_id=name, category=LearningCategory.SOLUTION, description=name, insight=f"Do {name}.")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--learnings", type=int, default=1_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How soon is a hook's snapshot rewritten after a decision? A real store server with its keeper, and a person who disables and enables.

    python benchmarks/snapshot_delay.py [--changes 60] [--learnings 300]

Prints the median, the 90th percentile and the longest time from the store's answer until the new snapshot is on disk.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from worker.domain import DecisionKind, Learning, LearningCategory
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, ManagedLearning, write_managed
from worker.formats.hook_snapshot import snapshot_at
from worker.operations.connections import open_store
from worker.settings import load_settings
from worker.store.api import StoreApi

_PATIENCE_S = 30.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--changes", type=int, default=60)
    options.add_argument("--learnings", type=int, default=300)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="groove-snapshot-") as folder:
        settings = load_settings({"GROOVE_DATA_DIR": folder})
        with open_store(settings) as store:
            times = sorted(measured(store, HookFolder(Path(folder)), given.changes, given.learnings))
    print(
        f"{given.changes} changes of {given.learnings} learnings: median {statistics.median(times):.3f} s,"
        f" 90 % {times[len(times) * 9 // 10]:.3f} s, longest {times[-1]:.3f} s; load {os.getloadavg()[0]:.1f}"
    )


def measured(store: StoreApi, folder: HookFolder, changes: int, learnings: int) -> list[float]:
    ids = [f"learning-{number:04}" for number in range(learnings)]
    store.import_learnings([_learning(id_) for id_ in ids], actor="benchmark")
    managed = tuple(ManagedLearning(id=id_, text=id_) for id_ in ids)
    write_managed(folder.managed, Managed(root=str(folder.data_dir), learnings=managed))
    _wait(folder, ids[0], is_disabled=False)
    _wait(folder, ids[0], is_disabled=False)  # the first one is made
    found = []
    for number in range(changes):
        id_, is_disabled = ids[number // 2], not number % 2
        store.decide(id_, DecisionKind.DISABLED if is_disabled else DecisionKind.ENABLED, actor="benchmark")
        found.append(_wait(folder, id_, is_disabled=is_disabled))
    return found


def _learning(id_: str) -> Learning:
    return Learning(
        learning_id=id_, category=LearningCategory.TOOL_USAGE, description=id_, insight=f"Use {id_}", created_at=1
    )


def _wait(folder: HookFolder, learning_id: str, *, is_disabled: bool) -> float:
    """Seconds until the snapshot says it of the learning."""
    began, seen = time.monotonic(), None
    while time.monotonic() < began + _PATIENCE_S:
        is_there = folder.snapshot.exists()
        if is_there and (stamp := folder.snapshot.stat().st_mtime_ns) != seen:
            seen, snapshot = stamp, snapshot_at(folder.snapshot)
            if snapshot and any(each.id == learning_id and each.disabled is is_disabled for each in snapshot.learnings):
                return time.monotonic() - began
        time.sleep(0.005)
    raise SystemExit(f"the snapshot says nothing of {learning_id} after {_PATIENCE_S:g} s")


if __name__ == "__main__":
    main()

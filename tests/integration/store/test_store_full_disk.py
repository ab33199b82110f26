"""A disk with no room left: the store says so, loses nothing it had acknowledged, and goes on by itself when there is room again."""

import subprocess
import sys
from pathlib import Path

#: a limit on the size of files stands for the full disk: writing beyond it fails in the same place
SCRIPT = """
import resource, signal, sys, time
from pathlib import Path
from fixtures.store import learning, record, version
from worker.errors import StoreUnavailable
from worker.store.cozo.store import CozoStore

store = CozoStore(Path(sys.argv[1]))
store.import_learnings([learning("a")], actor="alex", now=1)
room = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, room[1]))
stored = 0
try:
    for number in range(10_000):
        store.store_attribution(record("a", f"s{number}"), version())
        stored += 1
except StoreUnavailable as error:
    print("refused:", error, file=sys.stderr)
resource.setrlimit(resource.RLIMIT_FSIZE, room)
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    try:
        store.store_attribution(record("a", "after"), version())
        break
    except StoreUnavailable:
        time.sleep(0.05)
assert 0 < stored < 10_000, stored
assert store.get_learning_value("a").session_count == stored + 1
assert store.rebuild(repair=False) == []
store.close()
print("went on")
"""


def test_a_full_disk_is_survived(tmp_path: Path) -> None:
    """Refused while it lasts, then taken up again, sums and records in step."""
    folders = [str(Path(__file__).parents[2]), str(Path(__file__).parents[3])]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "store")],
        env={"PYTHONPATH": ":".join(folders)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.stdout.endswith("went on\n"), run.stderr
    assert "refused: the store's database failed" in run.stderr

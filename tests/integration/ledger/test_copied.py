"""A ledger's file, copied as people copy SQLite files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from worker.ledger import open_ledger
from worker.ledger.database import fold_back

#: writes, and ends like a part that a signal ends: without closing
_WRITES = """
import os, sys
sys.path[:0] = sys.argv[2:]
from fixtures.ledger import heavy
from worker.ledger import open_ledger
ledger = open_ledger(sys.argv[1])
ledger.intake.receive(heavy=[heavy("s")], ablation_rate=0.1)
os._exit(0)
"""


def test_after_everything_has_stopped_the_file_alone_is_the_ledger(tmp_path: Path) -> None:
    """What a killed part left in the log beside the file is in the file once the stack has ended."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    tests = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", _WRITES, url, str(tests)], check=True, env=os.environ)
    fold_back(url)
    shutil.copy(tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite")
    copy = open_ledger(f"sqlite:///{tmp_path}/copy.sqlite")
    assert copy.counts.count().events == 1
    copy.dispose()
    assert not (tmp_path / "ledger.sqlite-wal").exists()


def test_a_ledger_in_use_and_one_that_is_not_there_are_left_alone(tmp_path: Path) -> None:
    """Nothing is waited for, made or raised."""
    fold_back(f"sqlite:///{tmp_path}/none.sqlite")
    fold_back("postgresql://nobody@127.0.0.1:1/none")
    assert list(tmp_path.iterdir()) == []
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    fold_back(ledger.url)
    ledger.ping()
    ledger.dispose()

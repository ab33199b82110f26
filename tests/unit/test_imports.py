"""What must not be imported too early."""

import subprocess
import sys

_SCRIPT = "import sys, worker.cli, worker.cli.worker; print('numpy' in sys.modules)"


def test_a_worker_says_how_many_threads_before_numpy_is_there() -> None:
    """Its library reads the variable that `groove worker` sets once, at the import."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


_PAGES = """
import sys
import worker.operations.dead_letters, worker.operations.examining, worker.operations.reopening, worker.operations.resending
import worker.operations.settings, worker.operations.status, worker.operations.what_if
print([name for name in ("celery", "numpy", "scipy", "torch", "worker.cli", "worker.tasks") if name in sys.modules])
"""


def test_whoever_only_looks_needs_neither_celery_nor_numpy() -> None:
    """What commands and pages share stays small until something is sent or computed."""
    done = subprocess.run([sys.executable, "-c", _PAGES], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What must not be imported too early."""

import subprocess
import sys

_SCRIPT = "import sys, worker.cli, worker.cli.worker; print('numpy' in sys.modules)"


def test_a_worker_says_how_many_threads_before_numpy_is_there() -> None:
    """Its library reads the variable that `groove worker` sets once, at the import."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

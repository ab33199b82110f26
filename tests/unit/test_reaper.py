"""A test run leaves neither process nor file behind, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from fixtures.waiting import wait_until

#: a run with a child that outlives it and a file; it ends with its standard input
RUN = """
import subprocess, sys, tempfile
from fixtures import reaper

reaper.begin()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
with tempfile.NamedTemporaryFile(delete=False) as file:
    print(file.name, child.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [None, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(how: signal.Signals | None) -> None:
    """In order, ended or killed: the file, its folder and the child are gone; who only looked on is not."""
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", RUN], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin
        assert run.stdout
        name, pid = run.stdout.readline().split()
        folder = Path(name).parent
        onlooker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=folder)
        if how:
            run.send_signal(how)
        else:
            run.stdin.close()
        run.wait(60)
    wait_until(lambda: not folder.exists(), "the folder is gone")
    assert not _runs(int(pid))
    assert onlooker.poll() is None
    onlooker.kill()
    onlooker.wait(60)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

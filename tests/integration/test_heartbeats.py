"""The thread that sends heartbeats runs while a worker forks its children."""

import subprocess
import sys

from worker.liveness.broker_heartbeat import Heartbeats, sending_heartbeats
from worker.settings import load_settings

#: prints whether the names that a connection needs were imported when the thread began
_WATCHED = """
import sys, threading
from worker.settings import load_settings
from worker.liveness.broker_heartbeat import sending_heartbeats
start = threading.Thread.start
threading.Thread.start = lambda thread: (print("encodings.idna" in sys.modules), start(thread))[1]
with sending_heartbeats(load_settings({"GROOVE_BROKER": sys.argv[1]}), "part"):
    pass
"""


def test_the_first_heartbeat_is_there_when_the_block_begins(broker_url: str) -> None:
    """Nobody has to wait for the thread."""
    settings = load_settings({"GROOVE_BROKER": broker_url})
    with sending_heartbeats(settings, "part"):
        assert [beat.part for beat in Heartbeats(settings).read()] == ["part"]


def test_the_thread_imports_nothing(broker_url: str) -> None:
    """A child that is forked while the thread imports would wait for that import's lock for ever."""
    done = subprocess.run([sys.executable, "-c", _WATCHED, broker_url], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
